import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fastify } from 'fastify';
import t from 'tap';
import { z } from 'zod';
import { operations, type Operation } from '../../host/admin/api/operations.ts';
import type { OperationKey } from '../../host/admin/api/operation-types.ts';
import { refuseOtherRoutes } from '../../host/admin/api/serve-operation.ts';
import { digestOf } from '../../host/base/ids.ts';
import { openHarness, WASM } from './harness.ts';

const KEYS = Object.keys(operations) as OperationKey[];

interface Described {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, unknown>>;
}

t.test('/openapi.json describes every operation, and every operation is served', async (t) => {
  const harness = await openHarness(t);
  const { json, status } = await harness.call('GET', '/openapi.json');
  t.equal(status, 200);
  t.match(json, { openapi: '3.1.1', info: { version: '0.0.0-test' } });
  const described = Object.entries(json.paths as Record<string, Record<string, Described>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(
        ([method, one]) => [`${method.toUpperCase()} ${path}`, one] as const,
      ),
  );
  t.same(described.map(([key]) => key).sort(), [...KEYS].sort());
  const ids = described.map(([, { operationId }]) => operationId);
  t.equal(new Set(ids).size, ids.length, 'ids are unique');
  const needless = described.filter(([, { security }]) => security.length === 0);
  t.same(
    needless.map(([key]) => key),
    ['GET /healthz', 'GET /readyz'],
    'open without a token',
  );
  for (const [, reference = ''] of JSON.stringify(json).matchAll(
    /"\$ref":"#\/components\/schemas\/(\w+)"/g,
  )) {
    t.ok(Object.hasOwn(json.components.schemas, reference), reference);
  }
  t.notMatch(JSON.stringify(json), '$defs');
  for (const key of KEYS) {
    const [method = '', path = ''] = key.split(' ');
    const url = path.replace('{name}', 'app').replace('{digest}', digestOf(WASM));
    const { json: body } = await harness.call(method, url);
    t.not(body?.code, 'unknown_path', key);
  }
});

t.test('a route that the table does not have stops the host from starting', (t) => {
  const app = fastify();
  refuseOtherRoutes(app);
  t.throws(() => app.get('/v1/forgotten', async () => ({})), /\/v1\/forgotten is not in the table/);
  t.end();
});

t.test('real answers are as described, with nothing left out', async (t) => {
  const harness = await openHarness(t);
  const { call, deploy } = harness;
  await deploy('app', WASM, {
    keyValue: [{ label: 'default' }, { label: 's', shared: 'all' }],
    budget: { requestsPerSecond: 5 },
  });
  const rest = '/v1/functions/app';
  const value = '/v1/key-value/value?store=app&key=k';
  const calls: readonly (readonly [key: OperationKey, path?: string, body?: unknown])[] = [
    ['GET /healthz'],
    ['GET /readyz'],
    ['GET /openapi.json'],
    ['GET /v1/host'],
    ['GET /v1/routes'],
    ['POST /v1/reload'],
    ['PUT /v1/artifacts/{digest}', `/v1/artifacts/${digestOf(WASM)}`, WASM],
    [
      'POST /v1/functions/{name}/versions',
      `${rest}/versions`,
      { artifact: digestOf(WASM), routes: ['x.org/*'] },
    ],
    [
      'PATCH /v1/functions/{name}/environment',
      `${rest}/environment`,
      { set: { config: [['a', 'b']] } },
    ],
    ['GET /v1/functions'],
    ['GET /v1/functions/{name}', rest],
    ['GET /v1/functions/{name}/versions', `${rest}/versions`],
    ['PUT /v1/functions/{name}/aliases/live', `${rest}/aliases/live`, { previous: true }],
    ['POST /v1/functions/{name}/invoke', `${rest}/invoke?header=a:b&header=c:d`, 'body'],
    ['POST /v1/functions/{name}/invoke', `${rest}/invoke?path=/fail&header=a:b`],
    ['GET /v1/functions/{name}/logs', `${rest}/logs`],
    ['POST /v1/functions/{name}/evict', `${rest}/evict`],
    ['DELETE /v1/functions/{name}/quarantine', `${rest}/quarantine`],
    ['PUT /v1/key-value/value', value, { valueBase64: 'YQ==', ttlMs: 60_000, metadata: 'm' }],
    ['GET /v1/key-value/value', value],
    ['GET /v1/key-value/keys', '/v1/key-value/keys?store=app&limit=1'],
    ['DELETE /v1/key-value/value', value],
    ['POST /v1/tokens', '/v1/tokens', { name: 'ci', scopes: ['read'] }],
    ['GET /v1/tokens'],
    ['GET /v1/changes'],
    ['DELETE /v1/functions/{name}', rest],
  ];
  for (const [key, path = key.split(' ')[1] ?? '', body] of calls) {
    const answer = await call(key.split(' ')[0] ?? '', path, body);
    const { answer: schema, lines, status = 200 }: Operation = operations[key];
    t.equal(answer.status, status, `${key} ${answer.text.slice(0, 200)}`);
    if (!(schema instanceof z.ZodType)) continue;
    const values: readonly unknown[] = lines === true ? answer.lines() : [answer.json];
    for (const one of values) t.equal(z.safeParse(schema, one).error?.message, undefined, key);
  }
  const tried = new Set(calls.map(([key]) => key));
  const untried = KEYS.filter((key) => !tried.has(key));
  t.same(untried, ['GET /metrics', 'HEAD /v1/artifacts/{digest}'], 'what has no JSON');
});

t.test('commands call nothing but operations', (t) => {
  const folder = join(import.meta.dirname, '..', '..', 'cli');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && name !== 'api-client.ts')) {
    const code = readFileSync(join(folder, file), 'utf8').replaceAll(
      /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm,
      '',
    );
    t.notMatch(code, /path: [`'"]\/v1|[`'"]\/v1\//, `${file} names no path`);
    t.notMatch(code, /client\.(?:json|text|lines)\b/, `${file} sends no untyped request`);
  }
  t.end();
});
