/** The committed examples on the SDKs, as they were built: a JSON API in Rust, and one in C. */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { openRunningHost } from '../e2e/running-host.ts';

const example = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../components/${name}.wasm`, import.meta.url));

t.test('json-rust takes orders, and refuses what is none', async (t) => {
  const host = await openRunningHost(t);
  await host.deploy('json', await example('json-rust'));
  const post = async (body: string): Promise<[number, Record<string, unknown>]> => {
    const { status, text } = await host.call('/json/', { method: 'POST', body });
    return [status, JSON.parse(text) as Record<string, unknown>];
  };

  const items = [
    { name: 'tea', count: 2, cents: 350 },
    { name: '"ünï\u0000', count: 1, cents: 1 },
  ];
  t.same(await post(JSON.stringify({ items })), [200, { items, total_cents: 701 }]);
  t.match(await post('{"items": [{}]}'), [400, { error: /missing field `name` at line 1/ }]);
  t.match(await post(''), [400, { error: /EOF/ }]);
  const most = Number.MAX_SAFE_INTEGER;
  const large = Array.from({ length: 9 }, () => ({ name: '', count: 2 ** 32 - 1, cents: most }));
  t.match(await post(JSON.stringify({ items: large })), [400, { error: /too large/ }]);
  t.match(await post(' '.repeat(1024 * 1024 + 1)), [413, { error: /larger than 1048576 bytes/ }]);

  const refused = await host.call('/json/');
  t.same([refused.status, refused.headers['allow']], [405, 'POST']);
});

t.test('json-c shows the request, whatever is in it', async (t) => {
  const host = await openRunningHost(t);
  await host.deploy('json', await example('json-c'));
  const body = '"quoted"\\ \n\u0001\u007f ünï';
  const answer = await host.call('/json/a%20b?x=1&name=you+%26%20me', {
    method: 'POST',
    headers: { 'content-type': 'text/x-"odd"' },
    body,
  });
  t.equal(answer.headers['content-type'], 'application/json');
  t.same(JSON.parse(answer.text), {
    method: 'POST',
    path: '/a b',
    name: 'you & me',
    contentType: 'text/x-"odd"',
    body,
    cut: false,
  });
  const long = await host.call('/json/', { method: 'PUT', body: 'x'.repeat(100_000) });
  t.match(JSON.parse(long.text), { body: /^x{65536}$/, cut: true });
});
