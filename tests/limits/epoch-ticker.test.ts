import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import '../support/plain-spawn.ts';
import { EpochTicker } from '../../host/limits/epoch-ticker.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

async function untilTick(ticker: EpochTicker): Promise<void> {
  while (!ticker.ticked) await turn();
}

t.test('a tick comes again and again, about each millisecond', async (t) => {
  const ticker = await EpochTicker.open();
  t.teardown(() => ticker.close());
  const startedMs = performance.now();
  for (let ticks = 0; ticks < 50; ticks += 1) {
    await untilTick(ticker);
    ticker.clear();
    t.notOk(ticker.ticked && performance.now() - startedMs < 1, 'not two at once');
  }
  const tookMs = performance.now() - startedMs;
  t.ok(tookMs >= 40, `50 ticks took ${tookMs} ms`);
});

/** CAP_SYS_NICE, as a bit of the capabilities that Linux shows. */
const MAY_HURRY = 1n << 23n;

/** Threads of this process that run before all others. */
function hurryingThreads(): number {
  const niceOf = (thread: string): string | undefined => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16];
  };
  return readdirSync('/proc/self/task').filter((thread) => niceOf(thread) === '-20').length;
}

function mayHurry(): boolean {
  if (process.platform !== 'linux') return false;
  const [, mask] = /^CapEff:\s*([\da-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return (BigInt(`0x${mask ?? 0}`) & MAY_HURRY) !== 0n;
}

t.test(
  'the ticker runs before all other threads, where the process may ask for that',
  { skip: !mayHurry() && 'Linux with CAP_SYS_NICE only' },
  async (t) => {
    const before = hurryingThreads();
    const ticker = await EpochTicker.open();
    t.equal(hurryingThreads(), before + 1);
    await ticker.close();
  },
);

t.test('a ticker that nobody looks at sleeps, and wakes when somebody does', async (t) => {
  const ticker = await EpochTicker.open();
  t.teardown(() => ticker.close());
  const words = new Int32Array(ticker.memory.buffer);
  for (let round = 0; round < 3; round += 1) {
    while (Atomics.load(words, 1) === 0) await turn();
    t.ok(ticker.ticked, 'who comes next looks at the clock at once');
    ticker.clear();
    await untilTick(ticker);
    t.pass('it ticks again');
  }
});

t.test('waking is never missed, whenever it comes', async (t) => {
  const ticker = await EpochTicker.open();
  t.teardown(() => ticker.close());
  const words = new Int32Array(ticker.memory.buffer);
  // Falls asleep about 100 ms after the last look: each look comes near that moment.
  for (let round = 0; round < 20; round += 1) {
    const lookMs = performance.now() + 95 + round / 2;
    while (performance.now() < lookMs && Atomics.load(words, 1) === 0) await turn();
    ticker.clear();
    await untilTick(ticker);
  }
  t.pass('a tick came each time');
});

t.test('a ticker keeps no process alive, and closing it twice is closing it once', async (t) => {
  const script = `
    import { EpochTicker } from ${JSON.stringify(import.meta.resolve('../../host/limits/epoch-ticker.ts'))};
    const ticker = await EpochTicker.open();
    ticker.clear();
    if (process.argv[1] === 'close') {
      await Promise.all([ticker.close(), ticker.close()]);
      process.stdout.write('closed');
    }`;
  for (const what of ['leave', 'close']) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script, what]);
    child.stdout.setEncoding('utf8');
    let text = '';
    child.stdout.on('data', (part: string) => {
      text += part;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    t.equal(code, 0, what);
    t.equal(text, what === 'close' ? 'closed' : '');
  }
});
