import t from 'tap';
import { CpuMeter } from '../../host/limits/cpu-meter.ts';
import { BOARD, NOBODY, RunningBoard, UNNAMED } from '../../host/limits/running-board.ts';
import { FakeThread, settled } from './fake-thread.ts';

/** The name that a watching thread finds. */
function nameAt(board: RunningBoard, place: number): string {
  const bytes = Buffer.from(new Uint8Array(board.memory));
  const offset = place * BOARD.placeBytes;
  return bytes.toString('latin1', offset + 1, offset + 1 + (bytes[offset] ?? 0));
}

t.test(
  'a function has one place, with its name, however many versions of it there are',
  async (t) => {
    const board = new RunningBoard(4);
    const [a, b] = [board.take('a'), board.take('b'.repeat(63))];
    t.not(a, b);
    t.equal(board.take('a'), a);
    t.equal(nameAt(board, a), 'a');
    t.equal(nameAt(board, b), 'b'.repeat(63));
    t.ok(a > NOBODY && b > NOBODY);
  },
);

t.test(
  'a place is given to another function only if nobody uses it and there is no other',
  async (t) => {
    const board = new RunningBoard(3);
    const places = ['a', 'b', 'c'].map((name) => board.take(name));
    t.equal(board.take('d'), UNNAMED, 'all are in use');
    board.take('b');
    board.release('b');
    t.equal(board.take('d'), UNNAMED, 'b has another user');
    board.release('c');
    board.release('b');
    t.equal(board.take('c'), places[2], 'it is still that of c');
    t.equal(board.take('d'), places[1]);
    t.equal(nameAt(board, places[1] ?? 0), 'd');
    t.equal(board.take('b'), UNNAMED);
  },
);

t.test('the place without users for longest goes first', async (t) => {
  const board = new RunningBoard(2);
  const [a, b] = [board.take('a'), board.take('b')];
  board.release('b');
  board.release('a');
  board.take('a');
  board.release('a');
  t.equal(board.take('c'), b, 'a was taken later than b');
  t.equal(board.take('d'), a);
});

t.test('releasing what nobody has is nothing', async (t) => {
  const board = new RunningBoard(1);
  board.release('x');
  const place = board.take('a');
  board.release('a');
  board.release('a');
  t.equal(board.take('a'), place);
  t.equal(board.take('b'), UNNAMED, 'a has one user');
});

t.test('a board without places names nobody', async (t) => {
  t.equal(new RunningBoard(0).take('a'), UNNAMED);
});

t.test('a beat is counted, and shows nobody as running', async (t) => {
  const board = new RunningBoard(1);
  const words = new Int32Array(board.memory, 0, 3);
  board.running[0] = 1;
  board.beat(false);
  t.same([...words], [1, NOBODY, 0]);
  board.beat(true);
  t.same([...words], [2, NOBODY, 1]);
});

t.test('the meter whose guest runs is shown, and nobody when none runs', async (t) => {
  const thread = new FakeThread();
  const board = new RunningBoard(8);
  const scheduler = thread.open(board);
  const meterOf = (name: string): CpuMeter => {
    const meter = new CpuMeter(scheduler, scheduler.share(name), board.take(name));
    meter.begin(
      { cpuMs: Infinity },
      {
        endForCpu: () => {
          throw new Error('called');
        },
      },
    );
    return meter;
  };
  const shown = (): number | undefined => board.running[0];
  const [outer, inner] = [meterOf('outer'), meterOf('inner')];
  const [a, b] = [board.take('outer'), board.take('inner')];
  t.equal(shown(), NOBODY);
  outer.enter();
  t.equal(shown(), a);
  inner.enter();
  t.equal(shown(), b, 'a host function of one guest entered another');
  inner.leave();
  t.equal(shown(), a);
  outer.enter();
  outer.leave();
  t.equal(shown(), a, 'calls nest');
  outer.leave();
  t.equal(shown(), NOBODY);

  const seen: unknown[] = [];
  const settle = (): void => {
    seen.push(shown());
    // V8 goes on with the guest in the microtask after the settling.
    queueMicrotask(() => seen.push(shown()));
  };
  inner.resume(settle, fail);
  await settled();
  t.same(seen, [b, b], 'a guest that goes on');
  t.equal(shown(), NOBODY);

  t.equal(
    outer.show(() => shown()),
    a,
    'work of the host for it',
  );
  t.throws(() => outer.show(fail), /it failed/);
  t.equal(shown(), NOBODY);
});

function fail(): never {
  throw new Error('it failed');
}
