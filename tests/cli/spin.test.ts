import { join } from 'node:path';
import t, { type Test } from 'tap';
import { EXIT, exitCodeOf } from '../../cli/exit-codes.ts';
import { loadSpin, type SpinApplication } from '../../cli/manifest/load-spin.ts';
import { deploymentOf } from '../../cli/manifest/manifest-deployment.ts';
import { openHarness, WASM } from '../admin/harness.ts';
import { runHere } from './run-faas.ts';

const SHOP = `
spin_manifest_version = 2
[application]
name = "shop"
version = "1.0.0"
authors = ["A. Person <a@example.com>"]
[variables]
greeting = { default = "hello" }
token = { required = true, secret = true }
[[trigger.http]]
route = "/api/..."
component = "api"
[[trigger.http]]
route = "/exact"
component = "api"
[[trigger.http]]
route = { private = true }
component = "shop"
[[trigger.redis]]
channel = "x"
component = "api"
[component.api]
source = "api.wasm"
description = "the API"
allowed_outbound_hosts = ["https://{{ greeting }}.example.com:*", "http://self", "redis://localhost:6379", "*://any.example.com/"]
environment = { A = "1" }
key_value_stores = ["default", "carts"]
files = ["assets/**", { source = "static", destination = "/site" }]
sqlite_databases = []
mystery = 5
[component.api.variables]
text = "{{ greeting }}, {{greeting}}!"
auth = "Bearer {{ token }}"
[component.api.build]
command = ["npm install", "npm run build"]
workdir = "web"
watch = ["src/**"]
[component.shop]
source = "api.wasm"
`;

function load(
  t: Test,
  text: string,
  environment: Record<string, string> = { SPIN_VARIABLE_TOKEN: 's3cret' },
): Promise<SpinApplication> {
  const dir = t.testdir({ 'spin.toml': text, 'api.wasm': WASM });
  return loadSpin(join(dir, 'spin.toml'), environment);
}

t.test('each component with an HTTP trigger is a function', async (t) => {
  const { functions, missing } = await load(t, SHOP);
  const [api, shop] = functions;
  t.equal(functions.length, 2);
  t.same(api?.loaded.manifest, {
    name: 'shop-api',
    source: 'api.wasm',
    routes: ['/api', '/api/*', '/exact'],
    environment: { A: '1' },
    config: { text: 'hello, hello!' },
    key_value: ['default', 'carts'],
    directories: [
      { source: 'assets', path: '/assets' },
      { source: 'static', path: '/site' },
    ],
    allowed_hosts: ['https://hello.example.com:*', 'any.example.com'],
    build: { command: 'npm install && npm run build', workdir: 'web', watch: ['web/src/**'] },
  });
  t.same(api?.secrets, [['auth', 'Bearer s3cret']]);
  t.match(shop?.loaded.manifest, { name: 'shop', routes: [], config: {} });
  t.same(missing.slice(1), [
    'triggers of the kind "redis"',
    '"mystery" of component "api"',
    'outgoing calls to "http://self" of component "api"',
    'outgoing calls to "redis://localhost:6379" of component "api"',
  ]);
  if (api !== undefined)
    t.equal(deploymentOf(api.loaded, {}).path, join(t.testdirName, 'api.wasm'));
});

t.test('what a component cannot do without is refused', async (t) => {
  const head = 'spin_manifest_version = 2\napplication = { name = "a" }\n';
  const trigger = '[[trigger.http]]\nroute = "/..."\ncomponent = "c"\n';
  const component = '[component.c]\nsource = "c.wasm"\n';
  const whole = head + trigger + component;
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    [`${whole}sqlite_databases = ["default"]`, /Cannot deploy "c" of .*spin.toml: it needs SQLite/],
    [`${whole}ai_models = ["llama"]`, /it needs AI models/],
    [`${whole}dependencies = { "a:b/c" = "d.wasm" }`, /compose it with "wac plug"/],
    [`${whole}files = ["*.txt"]`, /its files "\*.txt" are not a whole folder/],
    [`${whole}variables = { x = "{{ nope }}" }`, /uses the variable "nope", which is not declared/],
    [whole.replace('/...', '/users/:id'), /its route "\/users\/:id" has parameters/],
    [whole.replace('"c.wasm"', '{ url = "https://x/c.wasm" }'), /its source is an address/],
    [whole.replace('[component.c]', '[component.d]'), /a trigger names it, and it is not there/],
    [`${head}[[trigger.redis]]\ncomponent = "c"\n${component}`, /"a" of .* it has no HTTP trigger/],
    [whole.replace('= 2', '= 1'), /"spin_manifest_version" at .*:1:1: it must be the number 2/],
    [whole.replace('source = "c.wasm"', 'source = 5'), /"component.c.source" at .*:7:1/],
    [whole.replace('component = "c"', 'component = { source = "x" }'), /give it an id/],
    [`${head}${component}trigger = 5`, /"trigger" at .*: it must be a table of triggers/],
  ];
  for (const [text, message] of cases) {
    const error = await load(t, text).catch((thrown: unknown) => thrown);
    t.match(error, { message }, text);
    t.equal(exitCodeOf(error), EXIT.manifestInvalid);
  }
  await t.rejects(load(t, SHOP, {}), { code: 'variable_unset', message: /SPIN_VARIABLE_TOKEN/ });
});

t.test('deploy -f spin.toml deploys them all, and says what they do not get', async (t) => {
  const text = SHOP.replace(/\[component.api.build\][\s\S]*?(?=\[component.shop)/, '').replace(
    /files = .*\n/,
    '',
  );
  const dir = t.testdir({ 'spin.toml': text, 'api.wasm': WASM });
  const { url, dataDir } = await openHarness(t, {}, join(dir, 'data'));
  const environment = {
    FAAS_ADMIN_URL: url,
    FAAS_DATA_DIR: dataDir,
    SPIN_VARIABLE_TOKEN: 's3cret',
  };
  const file = join(dir, 'spin.toml');
  const run = await runHere(['deploy', '-f', file], environment);
  t.equal(run.code, 0, run.stderr);
  t.match(run.stdout, /^shop-api version 1 is live\n[\s\S]*^shop version 1 is live\n/m);
  t.match(
    run.stderr,
    /^not offered here:\n {2}the header fields spin-\*[\s\S]*triggers of the kind/,
  );
  const json = await runHere(['deploy', dir, '--format', 'json'], environment);
  t.match(JSON.parse(json.stdout), [
    { version: { function: 'shop-api', config: ['text'], secrets: ['auth'] } },
    { version: { function: 'shop' } },
  ]);
  t.match(await runHere(['deploy', '-f', file, '--name', 'x'], environment), {
    code: EXIT.usage,
    stderr: /Cannot use --name "x": ".*spin.toml" has 2 functions/,
  });
});
