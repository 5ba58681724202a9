import t from 'tap';
import { CpuMeter } from '../../host/limits/cpu-meter.ts';
import type { Scheduler } from '../../host/limits/scheduler.ts';
import { FakeThread, settled } from './fake-thread.ts';

/** A function whose calls run for `ms` and then are interrupted, for ever. */
function burner(
  thread: FakeThread,
  scheduler: Scheduler,
  key: string,
  ms: number,
  ran: string[],
): void {
  const meter = new CpuMeter(scheduler, scheduler.share(key));
  meter.begin(
    { cpuMs: Infinity },
    {
      endForCpu: () => {
        throw new Error('no limit');
      },
    },
  );
  const run = async (): Promise<void> => {
    for (;;) {
      await meter.yield();
      ran.push(key);
      thread.work(ms);
    }
  };
  run().catch(t.fail);
}

/** Calls a function once for `ms`; notes when it was its turn. */
async function call(
  thread: FakeThread,
  scheduler: Scheduler,
  key: string,
  ms: number,
  ran: string[],
): Promise<void> {
  const share = scheduler.share(key);
  const meter = new CpuMeter(scheduler, share);
  meter.begin(
    { cpuMs: Infinity },
    {
      endForCpu: () => {
        throw new Error('no limit');
      },
    },
  );
  await scheduler.admit(share);
  meter.enter();
  ran.push(key);
  thread.work(ms);
  meter.leave();
}

t.test('interrupted guests take turns, one in each turn of the event loop', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  for (const key of ['a', 'b', 'c']) burner(thread, scheduler, key, 1, ran);
  for (let polls = 1; polls <= 9; polls += 1) {
    await thread.poll();
    t.equal(ran.length, polls);
  }
  for (const key of ['a', 'b', 'c']) t.equal(ran.filter((one) => one === key).length, 3, key);
});

t.test('who uses more at a time gets its turn less often', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  burner(thread, scheduler, 'long', 4, ran);
  burner(thread, scheduler, 'short', 1, ran);
  for (let polls = 0; polls < 100; polls += 1) await thread.poll();
  const long = ran.filter((key) => key === 'long').length;
  t.ok(long >= 19 && long <= 21, `${long} of 100`);
});

t.test('many guests of one function have no more than one of another', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  for (let guests = 0; guests < 50; guests += 1) burner(thread, scheduler, 'crowd', 1, ran);
  burner(thread, scheduler, 'single', 1, ran);
  for (let polls = 0; polls < 100; polls += 1) await thread.poll();
  const single = ran.filter((key) => key === 'single').length;
  t.ok(single >= 49, `${single} of 100`);
});

t.test('a call is let in at once where its function had less than those that wait', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  burner(thread, scheduler, 'burner', 1, ran);
  for (let polls = 0; polls < 10; polls += 1) await thread.poll();
  t.equal(scheduler.admit(scheduler.share('light')), undefined);
  const burnerAgain = scheduler.admit(scheduler.share('burner'));
  t.ok(burnerAgain instanceof Promise, 'behind its own that wait');
  await thread.poll();
  await thread.poll();
  await burnerAgain;
});

t.test('1,000 calls of one function do not delay one of another', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  const crowd: Promise<void>[] = [];
  for (let number = 0; number < 1000; number += 1) {
    crowd.push(call(thread, scheduler, 'crowd', 0.1, ran));
    // Each arrives in a callback of its own, between which microtasks run.
    await settled();
  }
  const inline = ran.length;
  t.ok(inline >= 20 && inline <= 22, `${inline} ran at once, which took 2 ms`);
  const single = call(thread, scheduler, 'single', 0.1, ran);
  await settled();
  t.equal(ran.at(-1), 'single', 'it does not wait at all');
  await single;
  for (let polls = 0; polls < 3; polls += 1) {
    const before = ran.length;
    await thread.poll();
    const inRound = ran.length - before;
    t.ok(inRound >= 20 && inRound <= 22, `${inRound} in one turn of the loop`);
  }
  for (let polls = 0; polls < 100; polls += 1) await thread.poll();
  await Promise.all(crowd);
  t.equal(ran.length, 1001);
  t.notOk(thread.hasPolls, 'nothing is left to do');
});

t.test('a function that comes back has saved up nothing', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  scheduler.share('idle');
  burner(thread, scheduler, 'busy', 1, ran);
  for (let polls = 0; polls < 100; polls += 1) await thread.poll();
  burner(thread, scheduler, 'idle', 1, ran);
  ran.length = 0;
  for (let polls = 0; polls < 20; polls += 1) await thread.poll();
  const idle = ran.filter((key) => key === 'idle').length;
  t.ok(idle <= 11, `${idle} of 20`);
});

t.test('a call that was let in and then never ran holds up nobody', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  await call(thread, scheduler, 'crowd', 3, ran);
  const gone = scheduler.admit(scheduler.share('crowd'));
  const next = call(thread, scheduler, 'crowd', 1, ran);
  await thread.poll();
  await gone;
  t.equal(ran.length, 1);
  await thread.poll();
  await next;
  t.equal(ran.length, 2);
});

t.test('admit() can be given up', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  await call(thread, scheduler, 'crowd', 3, ran);
  const client = new AbortController();
  const admit = async (): Promise<void> =>
    await scheduler.admit(scheduler.share('crowd'), client.signal);
  const waiting = admit();
  const reason = new Error('client gone');
  client.abort(reason);
  await t.rejects(waiting, reason);
  await t.rejects(admit(), reason);
  const next = call(thread, scheduler, 'crowd', 1, ran);
  await thread.poll();
  await next;
  t.equal(ran.length, 2);
});

t.test('functions that want nothing are forgotten, and waiting ones are not', async (t) => {
  const thread = new FakeThread();
  const scheduler = thread.open();
  const ran: string[] = [];
  burner(thread, scheduler, 'waiting', 1, ran);
  const waiting = scheduler.share('waiting');
  const idle = scheduler.share('idle');
  for (let number = 0; number < 5000; number += 1) scheduler.share(`f${number}`);
  t.equal(scheduler.share('waiting'), waiting);
  t.not(scheduler.share('idle'), idle);
  await scheduler.close();
  t.ok(thread.closed);
});
