import t from 'tap';
import { CpuMeter } from '../../host/limits/cpu-meter.ts';
import type { Scheduler } from '../../host/limits/scheduler.ts';
import { FakeThread, settled } from './fake-thread.ts';

class LimitReached extends Error {
  override readonly name = 'LimitReached';
}

/** Given where nothing may be called. */
function refuse(): never {
  throw new Error('called');
}

function meterOn(scheduler: Scheduler, cpuMs = Infinity, key = 'f'): CpuMeter {
  const meter = new CpuMeter(scheduler, scheduler.share(key));
  meter.begin(
    { cpuMs },
    {
      endForCpu: () => {
        throw new LimitReached();
      },
    },
  );
  return meter;
}

function open(cpuMs?: number): { thread: FakeThread; scheduler: Scheduler; meter: CpuMeter } {
  const thread = new FakeThread();
  const scheduler = thread.open();
  return { thread, scheduler, meter: meterOn(scheduler, cpuMs) };
}

t.test('time between enter() and leave() is charged, and no other', (t) => {
  const { thread, meter } = open();
  thread.work(3);
  meter.enter();
  thread.work(0.25);
  t.equal(meter.usedMs, 0.25, 'while it runs');
  meter.leave();
  thread.work(5);
  t.equal(meter.usedMs, 0.25);
  meter.enter();
  meter.enter();
  thread.work(0.5);
  meter.leave();
  thread.work(0.25);
  meter.leave();
  thread.work(7);
  t.equal(meter.usedMs, 1);
  t.end();
});

t.test('a guest that is entered from another one is charged in its place', (t) => {
  const { thread, scheduler, meter } = open();
  const inner = meterOn(scheduler);
  meter.enter();
  thread.work(1);
  inner.enter();
  thread.work(10);
  meter.enter();
  thread.work(100);
  meter.leave();
  inner.leave();
  thread.work(2);
  meter.leave();
  t.same([meter.usedMs, inner.usedMs], [103, 10]);
  t.end();
});

t.test('time in which the thread did not run is not charged, where a tick came', (t) => {
  const { thread, meter } = open();
  thread.ticked = true;
  meter.enter();
  t.notOk(thread.ticked, 'the next tick is waited for');
  thread.work(0.5);
  thread.pass(20);
  thread.ticked = true;
  t.equal(meter.expired(), 1);
  t.equal(meter.usedMs, 0.5);
  thread.work(0.5);
  thread.pass(30);
  thread.ticked = true;
  meter.leave();
  t.equal(meter.usedMs, 1);
  t.end();
});

t.test('nor where a tick is overdue, because the system let nobody run', (t) => {
  const { thread, meter } = open(50);
  thread.work(30);
  meter.enter();
  thread.work(0.5);
  thread.pass(80);
  t.equal(meter.expired(), 1, 'the guest has time left');
  t.equal(meter.usedMs, 0.5);
  thread.work(0.25);
  thread.pass(40);
  meter.leave();
  t.equal(meter.usedMs, 0.75);
  t.end();
});

t.test('a guest yields when its slice is over, and not at a tick that comes sooner', (t) => {
  const { thread, meter } = open();
  meter.enter();
  thread.work(0.2);
  thread.ticked = true;
  t.equal(meter.expired(), 0);
  t.notOk(thread.ticked);
  thread.work(1);
  thread.ticked = true;
  t.equal(meter.expired(), 1);
  meter.leave();
  meter.enter();
  thread.work(0.2);
  thread.ticked = true;
  t.equal(meter.expired(), 0, 'a new slice');
  meter.leave();
  t.end();
});

t.test('expired() ends a guest that has used up its time, and begin() gives it new', (t) => {
  const { thread, meter } = open(50);
  meter.enter();
  thread.work(49.5);
  t.equal(meter.expired(), 1);
  thread.work(0.5);
  t.throws(() => meter.expired(), { name: 'LimitReached' });
  meter.leave();
  meter.begin(
    { cpuMs: 50, allowanceMs: 250 },
    {
      endForCpu: () => {
        throw new LimitReached();
      },
    },
  );
  t.same([meter.usedMs, meter.limitMs], [0, 300]);
  meter.enter();
  thread.work(299);
  t.equal(meter.expired(), 1);
  thread.work(1);
  t.throws(() => meter.expired(), { name: 'LimitReached' });
  meter.leave();
  t.end();
});

t.test('guest code that cannot yield has a budget for each JavaScript frame above it', (t) => {
  const { thread, meter } = open();
  const burn = (frame: number, ms: number): void => {
    thread.work(ms);
    thread.ticked = true;
    if (meter.expired() === 1) meter.nested(frame);
  };
  meter.enter();
  for (let frame = 0; frame < 20; frame += 1) for (let ms = 0; ms < 4; ms += 1) burn(frame, 1);
  t.equal(meter.usedMs, 80, 'many frames, none of them long');
  for (let ms = 0; ms < 4; ms += 1) burn(99, 1);
  t.throws(() => burn(99, 1), { name: 'LimitReached' });
  meter.leave();
  t.end();
});

t.test('guest code that nobody entered is charged and bounded all the same', async (t) => {
  const { thread, meter } = open(50);
  thread.ticked = true;
  t.equal(meter.expired(), 0);
  thread.work(49);
  t.equal(meter.expired(), 1);
  thread.work(1);
  t.throws(() => meter.expired(), { name: 'LimitReached' });
  await settled();
  thread.work(10);
  t.equal(meter.usedMs, 50, 'it has stopped');
});

t.test('a resumption charges lowering and what V8 continues, and nothing in between', async (t) => {
  const { thread, meter } = open();
  const { promise, resolve } = Promise.withResolvers<void>();
  const ran: string[] = [];
  const guest = promise.then(() => {
    ran.push('guest');
    thread.work(2);
  });
  queueMicrotask(() => {
    ran.push('host');
    thread.work(40);
  });
  meter.resume(() => {
    ran.push('lowering');
    thread.work(1);
    resolve();
  }, refuse);
  queueMicrotask(() => thread.work(80));
  await guest;
  await settled();
  t.same(ran, ['lowering', 'host', 'guest']);
  t.equal(meter.usedMs, 3);
});

t.test(
  'cancel() tells whoever waits for a turn at once, and lets nothing run any more',
  async (t) => {
    const { thread, meter } = open();
    const ending = new Error('ended');
    const yielded = meter.yield();
    meter.cancel(ending);
    meter.cancel(new Error('later'));
    await t.rejects(yielded, ending);
    await t.rejects(meter.yield(), ending);
    let cancelled: unknown;
    meter.resume(refuse, (error) => {
      cancelled = error;
    });
    t.equal(cancelled, ending);
    meter.enter();
    t.throws(() => meter.expired(), ending, 'also if it was running');
    meter.leave();
    await thread.poll();
    meter.begin(
      { cpuMs: 50 },
      {
        endForCpu: () => {
          throw new LimitReached();
        },
      },
    );
    const next = meter.yield();
    await thread.poll();
    await next;
  },
);

t.test('a guest without time left gets no turn, but the ending', async (t) => {
  const { thread, meter } = open(5);
  meter.enter();
  thread.work(6);
  meter.leave();
  let ending: unknown;
  meter.resume(refuse, (error) => {
    ending = error;
  });
  await thread.poll();
  t.ok(ending instanceof LimitReached);
  const other = meterOn(thread.open());
  let ran = false;
  other.resume(() => {
    ran = true;
  }, refuse);
  t.ok(ran);
  await settled();
});

t.test('a guest does not run before its first invocation', (t) => {
  const scheduler = new FakeThread().open();
  const meter = new CpuMeter(scheduler, scheduler.share('f'));
  meter.cancel(new Error('never begun'));
  meter.enter();
  t.throws(() => meter.expired(), { message: 'never begun' });
  meter.leave();
  t.end();
});
