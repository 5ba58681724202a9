import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { BLAME_FILE, BlameBook } from '../../../host/cluster/watchdog/blame-book.ts';
import type { QuarantinedFunction } from '../../../host/invoke/function-quarantine.ts';
import type { RouteSnapshot } from '../../../host/registry/model.ts';
import { ManualClock } from '../../wasi/manual-clock.ts';
import { deployed, named, versionOf } from './deployed.ts';

const bad = named('bad');
const REPORT = { worker: 'worker-1', pid: 1, function: bad, stuckMs: 2000 };

interface Opened {
  readonly book: BlameBook;
  readonly changes: (readonly QuarantinedFunction[])[];
  readonly said: string[];
}

async function openBook(
  dataDirectory: string,
  snapshot: RouteSnapshot = deployed(versionOf('bad'), versionOf('good')),
): Promise<Opened> {
  const changes: (readonly QuarantinedFunction[])[] = [];
  const said: string[] = [];
  const say = (fields: object, text: string): void => {
    said.push(`${text} ${JSON.stringify(fields)}`);
  };
  const book = await BlameBook.open({
    dataDirectory,
    clock: new ManualClock(),
    log: { info: say, warn: say, error: say },
    snapshot,
    onChange: (list) => changes.push(list),
  });
  return { book, changes, said };
}

async function openQuarantined(dataDirectory: string): Promise<Opened> {
  const opened = await openBook(dataDirectory);
  for (let time = 0; time < 3; time += 1) opened.book.report(REPORT);
  await opened.book.close();
  return opened;
}

t.test('reports are logged, and the third one about a function changes the list', async (t) => {
  const dir = t.testdir({});
  const { book, changes, said } = await openBook(dir);
  book.report({ ...REPORT, function: null });
  book.report(REPORT);
  book.report(REPORT);
  t.match(said, [/did not answer .*"verdict":"nobody"/, /"verdict":"counted"/, /"counted"/]);
  t.same(changes, []);
  book.report(REPORT);
  t.match(changes, [[{ name: 'bad', version: 1 }]]);
  t.match(said.at(-1), /is in quarantine/);
  await book.close();
});

t.test('a book that is opened again knows what is in quarantine', async (t) => {
  const dir = t.testdir({});
  const first = await openQuarantined(dir);
  const again = await openBook(dir);
  t.same(again.book.quarantined, first.book.quarantined);
  t.same(again.changes, [], 'nothing has changed');
  t.match(await openBook(dir, deployed(versionOf('bad', 2))), {
    book: { quarantined: [] },
    changes: [[]],
  });
});

t.test('lift() is kept when it has resolved, and says who asked', async (t) => {
  const dir = t.testdir({});
  const { book, changes, said } = await openQuarantined(dir);
  t.equal(await book.lift(bad, 'token-1'), true);
  t.equal(await book.lift(bad, 'token-1'), false);
  t.same(changes.at(-1), []);
  t.match(said.at(-1), /out of quarantine .*token-1/);
  t.same((await openBook(dir)).book.quarantined, []);
});

t.test('a new live version ends a quarantine, for good', async (t) => {
  const dir = t.testdir({});
  const { book, changes } = await openQuarantined(dir);
  book.follow(deployed(versionOf('bad', 2)));
  t.same(changes.at(-1), []);
  await book.close();
  t.same((await openBook(dir)).book.quarantined, []);
});

t.test('a damaged file counts as empty, is told, and is replaced', async (t) => {
  const entry = { name: 'bad', version: 1, versionCreatedMs: 1000, reason: 'x', sinceMs: 1 };
  const damaged: readonly string[] = [
    '',
    '{"format":1,"functions":[',
    '{"format":2,"functions":[]}',
    JSON.stringify({ format: 1, functions: [{ ...entry, name: '../x' }] }),
    JSON.stringify({ format: 1, functions: [{ ...entry, sinceMs: 1e300 }] }),
    JSON.stringify({ format: 1, functions: [{ ...entry, reason: 'x'.repeat(201) }] }),
    JSON.stringify({ format: 1, functions: [{ ...entry, more: true }] }),
    JSON.stringify({ format: 1, functions: [entry], pad: ' '.repeat(5_000_000) }),
  ];
  for (const text of damaged) {
    const dir = t.testdir({ [BLAME_FILE]: text });
    const { book, said } = await openBook(dir);
    t.same(book.quarantined, []);
    t.match(said, [/damaged/], text.slice(0, 60));
  }
  const dir = t.testdir({ [BLAME_FILE]: 'nonsense' });
  await openQuarantined(dir);
  t.match(JSON.parse(await readFile(join(dir, BLAME_FILE), 'utf8')), { functions: [{}] });
});

t.test('a file that is not there is nothing to talk about', async (t) => {
  t.same((await openBook(t.testdir({}))).said, []);
});

t.test('a list that cannot be written holds until a restart, and lift() says so', async (t) => {
  const dir = join(t.testdir({}), 'data');
  await mkdir(dir);
  const { book } = await openQuarantined(dir);
  await rm(dir, { recursive: true });
  await t.rejects(book.lift(bad, 'token-1'), { code: 'storage_failed' });
  t.equal(book.get(bad), undefined, 'it is lifted');
  const gone = await openBook(dir);
  for (let time = 0; time < 3; time += 1) gone.book.report(REPORT);
  await gone.book.close();
  t.equal(gone.book.get(bad)?.name, 'bad');
  t.match(gone.said.at(-1), /cannot keep/);
});
