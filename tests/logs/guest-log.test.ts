import t from 'tap';
import { parseFunctionName, type RequestId } from '../../host/base/ids.ts';
import type { FollowEvent, GuestLine } from '../../host/logs/guest-line.ts';
import { GuestLog } from '../../host/logs/guest-log.ts';

const APP = parseFunctionName('app');
const OTHER = parseFunctionName('other');
const ALL = { tail: 100 };

function line(text: string, name = APP, requestId = 'r1'): GuestLine {
  return {
    atMs: 1,
    function: name,
    version: 1,
    requestId: requestId as RequestId,
    stream: 'stdout',
    text,
  };
}

function texts(lines: readonly GuestLine[]): string[] {
  return lines.map(({ text }) => text);
}

t.test('read() gives the last lines of a function, oldest first', async (t) => {
  const log = new GuestLog(3);
  for (const text of ['a', 'b', 'c', 'd']) log.append(line(text));
  log.append(line('elsewhere', OTHER));
  t.same(texts(log.read(APP, ALL)), ['b', 'c', 'd'], 'the oldest has gone');
  t.same(texts(log.read(APP, { tail: 2 })), ['c', 'd']);
  t.same(log.read(APP, { tail: 0 }), []);
  t.same(log.read(parseFunctionName('unknown'), ALL), []);
});

t.test('read() filters by request before it counts', async (t) => {
  const log = new GuestLog(10);
  for (const [text, id] of [
    ['a', 'x'],
    ['b', 'y'],
    ['c', 'x'],
    ['d', 'y'],
  ] as const) {
    log.append(line(text, APP, id));
  }
  t.same(texts(log.read(APP, { tail: 2, requestId: 'x' as RequestId })), ['a', 'c']);
});

t.test('many lines of one function keep the newest, in order', async (t) => {
  const log = new GuestLog(100);
  for (let count = 0; count < 1000; count += 1) log.append(line(String(count)));
  const kept = texts(log.read(APP, { tail: 1000 }));
  t.equal(kept.length, 100);
  t.equal(kept[0], '900');
  t.equal(kept.at(-1), '999');
});

t.test('long lines are bounded by size, not only by number', async (t) => {
  const log = new GuestLog(1000);
  const long = 'x'.repeat(8192);
  for (let count = 0; count < 1000; count += 1) log.append(line(long));
  const units = log.read(APP, { tail: 1000 }).length * long.length;
  t.ok(units <= 1024 * 1024, `${units} units are kept`);
  t.ok(units > 900 * 1024, 'and not fewer than fit');
});

t.test('all functions together are bounded: the one that wrote least recently loses', async (t) => {
  const log = new GuestLog(1000, 2000);
  log.append(line('x'.repeat(700), APP));
  log.append(line('y'.repeat(700), OTHER));
  log.append(line('z'.repeat(700), OTHER));
  t.same(log.read(APP, ALL), []);
  t.equal(log.read(OTHER, ALL).length, 2);
});

t.test('a function that keeps no lines can still be followed', async (t) => {
  const log = new GuestLog(0);
  const events = log.follow(APP, ALL, new AbortController().signal);
  const first = events.next();
  log.append(line('now'));
  t.match(await first, { value: { line: { text: 'now' } } });
  t.same(log.read(APP, ALL), []);
  await events.return();
});

t.test('follow() gives the past, then what comes, and ends with its signal', async (t) => {
  const log = new GuestLog(10);
  log.append(line('old'));
  log.append(line('past'));
  const abort = new AbortController();
  const events = log.follow(APP, { tail: 1 }, abort.signal);
  t.match(await events.next(), { value: { line: { text: 'past' } } });
  const waiting = events.next();
  log.append(line('elsewhere', OTHER));
  log.append(line('new'));
  t.match(await waiting, { value: { line: { text: 'new' } } });
  const last = events.next();
  abort.abort();
  t.same(await last, { value: undefined, done: true });
});

t.test('follow() with a request gives only its lines', async (t) => {
  const log = new GuestLog(10);
  const abort = new AbortController();
  const events = log.follow(APP, { tail: 5, requestId: 'x' as RequestId }, abort.signal);
  const first = events.next();
  log.append(line('not this', APP, 'y'));
  log.append(line('this', APP, 'x'));
  t.match(await first, { value: { line: { text: 'this' } } });
  await events.return();
});

t.test('a slow follower is told how many lines it lost, and where', async (t) => {
  const log = new GuestLog(10);
  const abort = new AbortController();
  const events = log.follow(APP, { tail: 0 }, abort.signal);
  const first = events.next();
  for (let count = 0; count < 1500; count += 1) log.append(line(String(count)));
  const got: FollowEvent[] = [(await first).value as FollowEvent];
  while (!('lost' in (got.at(-1) ?? {}))) got.push((await events.next()).value as FollowEvent);
  t.equal(got.length, 1001, 'a thousand lines and the loss');
  t.same(got.at(-1), { lost: 500 });
  log.append(line('after'));
  t.match(await events.next(), { value: { line: { text: 'after' } } });
  await events.return();
});

t.test('forget() drops the lines and ends who follows', async (t) => {
  const log = new GuestLog(10);
  log.append(line('a'));
  const events = log.follow(APP, { tail: 0 }, new AbortController().signal);
  const waiting = events.next();
  log.forget(APP);
  t.same(await waiting, { value: undefined, done: true });
  t.same(log.read(APP, ALL), []);
  log.append(line('b'));
  t.same(texts(log.read(APP, ALL)), ['b'], 'a function of that name starts anew');
});

t.test('close() ends every follower', async (t) => {
  const log = new GuestLog(10);
  const waiting = log.follow(APP, ALL, new AbortController().signal).next();
  log.close();
  log.close();
  t.equal((await waiting).done, true);
});
