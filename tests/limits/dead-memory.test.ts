import t from 'tap';
import { systemClock } from '../../host/base/clock.ts';
import { DeadMemory } from '../../host/limits/dead-memory.ts';

const MIB = 1024 * 1024;

function openFake(): {
  dead: DeadMemory;
  run(): void;
  collections(): number;
  pass(ms: number): void;
} {
  let nowMs = 0;
  let collections = 0;
  let tasks: (() => void)[] = [];
  const dead = new DeadMemory({
    clock: { ...systemClock, monotonicMs: () => nowMs },
    collect: () => {
      collections += 1;
      nowMs += 10;
    },
    soon: (task) => tasks.push(task),
  });
  return {
    dead,
    run: () => {
      const due = tasks;
      tasks = [];
      for (const task of due) task();
    },
    collections: () => collections,
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

t.test('instances that were closed are collected, large ones sooner than small ones', async (t) => {
  const fake = openFake();
  for (let count = 0; count < 255; count += 1) fake.dead.add(MIB);
  fake.run();
  t.equal(fake.collections(), 0);
  fake.dead.add(MIB);
  fake.run();
  t.equal(fake.collections(), 1);
  fake.pass(1000);
  fake.dead.add(40 * MIB);
  fake.run();
  t.equal(fake.collections(), 1, 'not enough yet');
  fake.dead.add(40 * MIB);
  t.equal(fake.collections(), 1, 'not while the instance may still be on the stack');
  fake.run();
  t.equal(fake.collections(), 2);
});

t.test('collections take at most half of the time', async (t) => {
  const fake = openFake();
  for (let count = 0; count < 50; count += 1) {
    fake.dead.add(64 * MIB);
    fake.run();
    fake.pass(0.1);
  }
  t.equal(fake.collections(), 1);
  fake.pass(200);
  fake.dead.add(64 * MIB);
  fake.run();
  t.equal(fake.collections(), 2, 'and what was put off is not forgotten');
});

t.test('the memories of closed instances go back to the system', async (t) => {
  const dead = DeadMemory.open({ ...systemClock, monotonicMs: () => 0 });
  const before = process.memoryUsage.rss();
  for (let count = 0; count < 10; count += 1) {
    const memory = new WebAssembly.Memory({ initial: 0, maximum: 1024 });
    memory.grow(1024);
    new Uint8Array(memory.buffer).fill(1);
    dead.add(64 * MIB);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(process.memoryUsage.rss() - before < 300 * MIB, 'ten of 64 MiB took less than five');
});
