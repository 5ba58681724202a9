import t from 'tap';
import { example } from '../guests/guests.ts';
import { openHarness } from './harness.ts';

/** What `components/usage-rust` answers. */
interface Answer {
  readonly cpuTime: Allowance;
  readonly memory: Allowance;
  readonly wallTime: Allowance;
  readonly taken: number;
}
interface Allowance {
  readonly used: number;
  readonly limit: number;
  readonly remaining: number;
}

const PAGE = 65_536;

for (const engine of ['native', 'jco'] as const) {
  t.test(`a function reads its own use: ${engine}`, async (t) => {
    const host = await openHarness(t, { engine });
    const limits = { memoryBytes: 8 * 2 ** 20, timeoutMs: 20_000, cpuMs: 4000 };
    const record = await host.deploy('usage', example('usage-rust'), { limits });
    const ask = async (path: string): Promise<Answer> => {
      const { status, body } = await host.call(record, path);
      t.equal(status, 200, path);
      return JSON.parse(body) as Answer;
    };
    const first = await ask('/');
    t.equal(first.memory.limit, limits.memoryBytes);
    t.equal(first.memory.used % PAGE, 0);
    t.ok(first.memory.used >= PAGE);
    t.equal(first.memory.remaining, limits.memoryBytes - first.memory.used);
    const grown = await ask(`/?grow=${20 * PAGE}`);
    t.equal(grown.taken, 20 * PAGE);
    t.ok(grown.memory.used >= first.memory.used + 20 * PAGE);
  });
}
