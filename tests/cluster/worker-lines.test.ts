import t, { type Test } from 'tap';
import { WorkerLines } from '../../host/cluster/worker-lines.ts';
import type { GuestLine } from '../../host/logs/guest-line.ts';
import type { Log } from '../../host/logs/log.ts';
import { lineOf } from './guest-lines.ts';

function open(_t: Test): { lines: WorkerLines; kept: GuestLine[]; lost: number[] } {
  const kept: GuestLine[] = [];
  const lost: number[] = [];
  const log = { warn: (fields: { lost: number }) => lost.push(fields.lost) } as unknown as Log;
  const lines = new WorkerLines({
    guestLog: { append: (line) => kept.push(line) },
    log,
    isDeployed: (name) => name === 'app',
  });
  return { lines, kept, lost };
}

const batch = (first: number, ...texts: readonly string[]): object => ({
  first,
  lines: texts.map((text) => lineOf(text)),
});
const texts = (lines: readonly GuestLine[]): string => lines.map(({ text }) => text).join('');

t.test('lines that come twice are kept once', (t) => {
  const { lines, kept, lost } = open(t);
  t.equal(lines.take('worker-1', batch(0, 'a', 'b')), 2);
  t.equal(lines.take('worker-1', batch(0, 'a', 'b')), 2, 'all of them');
  t.equal(lines.take('worker-1', batch(1, 'b', 'c')), 3, 'some of them');
  t.equal(lines.take('worker-1', batch(3)), 3, 'none');
  t.equal(texts(kept), 'abc');
  t.same(lost, []);
  t.end();
});

t.test('a gap is said once, with how many are missing', (t) => {
  const { lines, kept, lost } = open(t);
  lines.take('worker-1', batch(0, 'a'));
  t.equal(lines.take('worker-1', batch(5, 'f')), 6);
  lines.take('worker-1', batch(6, 'g'));
  t.equal(texts(kept), 'afg');
  t.strictSame(lost, [4]);
  t.end();
});

t.test('each worker counts by itself, and from anew when its id comes again', (t) => {
  const { lines, kept, lost } = open(t);
  lines.take('worker-1', batch(0, 'a'));
  lines.take('worker-2', batch(40, 'b'));
  lines.take('worker-1', batch(1, 'c'));
  lines.forget('worker-1');
  lines.take('worker-1', batch(0, 'd'));
  t.equal(texts(kept), 'abcd');
  t.same(lost, [], 'a supervisor that has just started does not know what was before');
  t.end();
});

t.test('lines of functions that are not deployed are left out', (t) => {
  const { lines, kept } = open(t);
  const other = lineOf('x', { function: 'other' as GuestLine['function'] });
  t.equal(lines.take('worker-1', { first: 0, lines: [other, lineOf('a')] }), 2);
  t.equal(texts(kept), 'a');
  t.end();
});

t.test('all streams that there are are taken', (t) => {
  const { lines, kept } = open(t);
  const streams = [
    'stdout',
    'stderr',
    'host',
    'log',
  ] as const satisfies readonly GuestLine['stream'][];
  lines.take('worker-1', { first: 0, lines: streams.map((stream) => lineOf('a', { stream })) });
  t.strictSame(
    kept.map(({ stream }) => stream),
    streams,
  );
  t.end();
});

t.test('what is no batch is refused as a whole', (t) => {
  const { lines, kept } = open(t);
  const wrong: readonly unknown[] = [
    undefined,
    null,
    {},
    { first: -1, lines: [] },
    { first: 0.5, lines: [] },
    { first: Number.MAX_VALUE, lines: [] },
    { first: 0, lines: {} },
    { first: 0, lines: [null] },
    { first: 0, lines: [{ ...lineOf('a'), extra: 1 }] },
    { first: 0, lines: [lineOf('a'), lineOf('b', { stream: 'toString' as 'stdout' })] },
    { first: 0, lines: [lineOf('a'), lineOf('x'.repeat(2 ** 20 + 1))] },
    { first: 0, lines: Array.from({ length: 10_001 }, () => lineOf('a')) },
    { ...batch(0, 'a'), more: true },
  ];
  for (const params of wrong) t.throws(() => lines.take('worker-1', params));
  t.same(kept, []);
  t.end();
});
