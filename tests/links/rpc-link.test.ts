import { once } from 'node:events';
import t from 'tap';
import { HostError } from '../../host/base/errors.ts';
import type { RpcLink } from '../../host/links/rpc-link.ts';
import { linkOf, openSocketPair } from './socket-pair.ts';

t.test('calls and notices go both ways, many at once', async (t) => {
  const [here, there] = await openSocketPair(t);
  const noticed = Promise.withResolvers<unknown>();
  const a = linkOf(here, { twice: (n) => Number(n) * 2, tell: (what) => noticed.resolve(what) });
  const b = linkOf(there, {
    // Answers by asking back, on the link it was asked on.
    quadruple: async (n, link: RpcLink) => Number(await link.call('twice', n)) * 2,
    nothing: () => undefined,
  });
  const answers = await Promise.all([1, 2, 3].map((n) => a.link.call('quadruple', n)));
  t.strictSame(answers, [4, 8, 12]);
  t.equal(await a.link.call('nothing', {}), null);
  b.link.notify('tell', { text: 'line\nbreak € 😀' });
  t.strictSame(await noticed.promise, { text: 'line\nbreak € 😀' });
});

t.test(
  'errors arrive with their code and their fields, and others as internal_error',
  async (t) => {
    const [here, there] = await openSocketPair(t);
    linkOf(there, {
      coded: () => Promise.reject(new HostError('unknown_function', { name: 'app' })),
      broken: () => {
        throw new TypeError('no such thing');
      },
    });
    const { link } = linkOf(here);
    await t.rejects(link.call('coded', {}), {
      code: 'unknown_function',
      fields: { name: 'app' },
      message: new HostError('unknown_function', { name: 'app' }).message,
    });
    await t.rejects(link.call('broken', {}), { code: 'internal_error', message: /no such thing/ });
    for (const method of ['missing', 'toString', '__proto__', 'constructor', '']) {
      await t.rejects(link.call(method, {}), { code: 'link_unknown_method', fields: { method } });
    }
  },
);

t.test('a notice that cannot be handled is told here, and costs nothing else', async (t) => {
  const [here, there] = await openSocketPair(t);
  const { link } = linkOf(here);
  const failed = Promise.withResolvers<readonly [string, unknown]>();
  const { RpcLink: Link } = await import('../../host/links/rpc-link.ts');
  new Link(there, {
    handlers: { ping: () => 'pong' },
    onNoticeFailed: (method, error) => failed.resolve([method, error]),
  });
  link.notify('missing', {});
  t.match(await failed.promise, ['missing', { code: 'link_unknown_method' }]);
  t.equal(await link.call('ping', {}), 'pong');
});

t.test('a call has so much time, and a late answer harms nobody', async (t) => {
  const [here, there] = await openSocketPair(t);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  linkOf(there, {
    slow: () => {
      asked.resolve();
      return answer.promise;
    },
    ping: () => 'pong',
  });
  const { link } = linkOf(here);
  await t.rejects(link.call('slow', {}, 20), {
    code: 'link_timeout',
    fields: { method: 'slow', timeoutMs: 20 },
  });
  await asked.promise;
  answer.resolve('late');
  t.equal(await link.call('ping', {}, 5000), 'pong');
});

t.test('calls that wait fail when either side closes, and later ones at once', async (t) => {
  for (const closer of ['here', 'there', 'killed'] as const) {
    const [here, there] = await openSocketPair(t);
    const asked = Promise.withResolvers<void>();
    const b = linkOf(there, {
      never: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    });
    const a = linkOf(here);
    const calls = [a.link.call('never', {}), a.link.call('never', {}, 10_000)];
    await asked.promise;
    if (closer === 'killed') there.resetAndDestroy();
    else (closer === 'here' ? a : b).link.close();
    for (const call of calls) await t.rejects(call, { code: 'link_lost' }, closer);
    t.ok(a.link.isClosed);
    await t.rejects(a.link.call('never', {}), { code: 'link_lost', fields: { method: 'never' } });
    a.link.notify('never', {});
    a.link.close();
    await Promise.all([a.closed, b.closed]);
  }
});

t.test('an answer that was begun before the other side left is dropped', async (t) => {
  const [here, there] = await openSocketPair(t);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  const b = linkOf(there, {
    slow: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  const { link } = linkOf(here);
  const call = link.call('slow', {});
  await asked.promise;
  link.close();
  await t.rejects(call, { code: 'link_lost' });
  await b.closed;
  answer.resolve('to nobody');
});

t.test('whoever speaks nonsense is cut off', async (t) => {
  for (const nonsense of ['{', 'null', '1', '"text"', '[', '\u0000', '{}}']) {
    const [here, there] = await openSocketPair(t);
    const { link, closed } = linkOf(here);
    const call = link.call('ping', {});
    there.resume().write(`${nonsense}\n`);
    const isData = nonsense === '1' || nonsense === '"text"';
    if (isData) {
      // They have no fields: an answer to nobody.
      there.write('{"jsonrpc":"2.0","id":1,"result":true}\n');
      t.equal(await call, true, nonsense);
      continue;
    }
    await t.rejects(call, { code: 'link_lost' }, nonsense);
    t.type(await closed, Error);
    if (!there.destroyed) await once(there, 'close');
  }
});

t.test('strange answers fail their call, and never leave it waiting', async (t) => {
  const strange = [
    '"error":null',
    '"error":"text"',
    '"error":7',
    '"error":{}',
    '"error":[]',
    '"error":{"code":-32000,"message":{},"data":null}',
    '"error":{"data":{"code":"__proto__"}}',
    '"error":{"data":{"code":"unknown_function","fields":"text"}}',
    '"error":{"data":{"code":"unknown_function","fields":{"name":{"a":1},"__proto__":1}}}',
    '"error":{"data":{"code":"unknown_function","fields":null}}',
  ];
  for (const answer of strange) {
    const [here, there] = await openSocketPair(t);
    const { link } = linkOf(here);
    const call = link.call('ping', {});
    there.write(`{"jsonrpc":"2.0","id":1,${answer}}\n`);
    const error = await call.then(
      () => t.fail(`${answer} is no result`),
      (caught: unknown) => caught,
    );
    t.type(error, HostError, answer);
    const { fields } = error as HostError;
    for (const value of Object.values(fields)) t.match(typeof value, /^(string|number)$/, answer);
    t.notOk(link.isClosed, 'a coded answer to one call ends no other');
  }
});

t.test('answers to questions that nobody asked are nothing', async (t) => {
  const [here, there] = await openSocketPair(t);
  const { link } = linkOf(here);
  const call = link.call('ping', {});
  for (const id of ['7', 'null', '{}', '1.5', '-1']) {
    there.write(`{"jsonrpc":"2.0","id":${id},"result":"wrong"}\n`);
  }
  there.write('{"jsonrpc":"2.0","id":1,"result":"right"}\n');
  t.equal(await call, 'right');
});

t.test('a long message arrives, cut anywhere', async (t) => {
  const [here, there] = await openSocketPair(t);
  linkOf(there, { echo: (text) => text });
  const { link } = linkOf(here);
  const text = '€😀\n'.repeat(500_000);
  t.equal((await link.call('echo', text)) === text, true);
});
