import fc from 'fast-check';
import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import { ForwardedLog, type SendLines } from '../../host/cluster/forwarded-log.ts';
import { WorkerLines } from '../../host/cluster/worker-lines.ts';
import type { GuestLine } from '../../host/logs/guest-line.ts';
import { silentLog } from '../../host/logs/log.ts';
import { lineOf } from './guest-lines.ts';

type Batch = Parameters<SendLines>[0];

const GONE = new HostError('link_lost', { method: 'log.lines' });

t.test('lines of one turn go in one numbered batch, in order', async (t) => {
  const batches: Batch[] = [];
  const log = new ForwardedLog(async (batch) => void batches.push(batch));
  for (const text of ['a', 'b', 'c']) log.append(lineOf(text));
  await log.flush();
  log.append(lineOf('d'));
  await log.flush();
  await log.flush();
  t.match(batches, [
    { first: 0, lines: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] },
    { first: 3, lines: [{ text: 'd' }] },
  ]);
  t.equal(batches.length, 2, 'nothing is sent twice, and no empty batch');
});

t.test('what did not arrive is sent again, with the same numbers', async (t) => {
  const batches: Batch[] = [];
  let isThere = false;
  const log = new ForwardedLog((batch) => {
    batches.push(batch);
    return isThere ? Promise.resolve() : Promise.reject(GONE);
  });
  log.append(lineOf('a'));
  await log.flush();
  log.append(lineOf('b'));
  await log.flush();
  isThere = true;
  await log.flush();
  t.match(
    batches.map(({ first, lines }) => [first, lines.map(({ text }) => text)]),
    [
      [0, ['a']],
      [0, ['a', 'b']],
      [0, ['a', 'b']],
    ],
  );
});

t.test('what waits is bounded, the oldest go first, and the numbers tell of them', async (t) => {
  const batches: Batch[] = [];
  let isThere = false;
  const log = new ForwardedLog((batch) => {
    if (!isThere) return Promise.reject(GONE);
    batches.push(batch);
    return Promise.resolve();
  });
  for (let index = 0; index < 10_500; index += 1) log.append(lineOf(String(index)));
  await log.flush();
  isThere = true;
  await log.flush();
  const lines = batches.flatMap((batch) => batch.lines);
  t.equal(batches[0]?.first, 500);
  t.equal(lines.length, 10_000);
  t.match([lines[0]?.text, lines.at(-1)?.text], ['500', '10499']);
  t.ok(batches.every((batch) => batch.lines.length <= 1000));

  isThere = false;
  const long = 'x'.repeat(1024 * 1024);
  for (let index = 0; index < 20; index += 1) log.append(lineOf(`${index}${long}`));
  isThere = true;
  batches.length = 0;
  await log.flush();
  const kept = batches.flatMap((batch) => batch.lines);
  t.equal(kept.length, 15, 'no more text than 16 Mi');
  t.equal(batches[0]?.first, 10_505);
});

t.test('lines that are dropped while they are sent are not dropped twice', async (t) => {
  const sending = Promise.withResolvers<void>();
  const batches: Batch[] = [];
  const log = new ForwardedLog(async (batch) => {
    batches.push(batch);
    if (batches.length === 1) await sending.promise;
  });
  log.append(lineOf('first'));
  while (batches.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let index = 0; index < 10_000; index += 1) log.append(lineOf(String(index)));
  sending.resolve();
  await log.flush();
  const texts = batches.slice(1).flatMap(({ lines }) => lines.map(({ text }) => text));
  t.equal(batches[1]?.first, 1);
  t.equal(texts.length, 10_000);
  t.equal(texts[0], '0');
});

t.test('a batch that is refused stops nothing that comes after it', async (t) => {
  const taken: string[] = [];
  const log = new ForwardedLog(async ({ lines }) => {
    if (lines.some(({ text }) => text === 'bad'))
      throw new HostError('internal_error', { reason: 'it is no line' });
    taken.push(...lines.map(({ text }) => text));
  });
  log.append(lineOf('bad'));
  await log.flush();
  log.append(lineOf('good'));
  await log.flush();
  t.strictSame(taken, ['good']);
});

t.test('every line arrives once and in order, whatever is lost on the way', async (t) => {
  const event = fc.constantFrom('line', 'lost', 'answer lost', 'new supervisor');
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
      let kept: string[] = [];
      const all: string[] = [];
      const supervisor = (): WorkerLines =>
        new WorkerLines({
          guestLog: { append: ({ text }: GuestLine) => kept.push(text) },
          log: silentLog,
          isDeployed: () => true,
        });
      let lines = supervisor();
      let fate: string | undefined;
      const log = new ForwardedLog(async (batch) => {
        const wasLost = fate;
        fate = undefined;
        if (wasLost === 'lost') throw GONE;
        lines.take('worker-1', JSON.parse(JSON.stringify(batch)));
        if (wasLost === 'answer lost') throw GONE;
      });
      let count = 0;
      for (const happened of events) {
        if (happened === 'line') log.append(lineOf(String((count += 1))));
        else if (happened === 'new supervisor') {
          await log.flush();
          all.push(...kept);
          kept = [];
          lines = supervisor();
        } else fate = happened;
        await log.flush();
      }
      fate = undefined;
      await log.flush();
      all.push(...kept);
      // A new supervisor has no memory: what the old one took without its answer arriving comes to both.
      const once = [...new Set(all)];
      t.strictSame(
        once,
        Array.from({ length: count }, (_, index) => String(index + 1)),
      );
      t.equal(new Set(kept).size, kept.length, 'one supervisor has each once');
    }),
    { numRuns: 60 },
  );
});
