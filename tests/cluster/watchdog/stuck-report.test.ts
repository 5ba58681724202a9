import t from 'tap';
import { parseStuckReport } from '../../../host/cluster/watchdog/stuck-report.ts';

const GOOD = { worker: 'worker-12', pid: 4711, function: 'app', stuckMs: 2001 };

t.test('a report is taken as it is', async (t) => {
  t.same(parseStuckReport(GOOD), GOOD);
  t.same(parseStuckReport({ ...GOOD, function: null }), { ...GOOD, function: null });
});

t.test('anything else is refused: the sender has run guests', async (t) => {
  const { stuckMs, ...incomplete } = GOOD;
  const bad: readonly unknown[] = [
    undefined,
    null,
    [],
    'stuck',
    incomplete,
    { ...GOOD, function: 'a/b' },
    { ...GOOD, function: 'x'.repeat(64) },
    { ...GOOD, function: undefined },
    { ...GOOD, worker: 'worker-' },
    { ...GOOD, worker: '../worker-1' },
    { ...GOOD, pid: -1 },
    { ...GOOD, pid: '1' },
    { ...GOOD, stuckMs: Number.NaN },
    { ...GOOD, stuckMs: -stuckMs },
    { ...GOOD, more: true },
  ];
  for (const params of bad) {
    t.throws(() => parseStuckReport(params), { code: 'invalid_request' }, JSON.stringify(params));
  }
});
