import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseFunctionName } from '../../host/base/ids.ts';
import { HostError } from '../../host/base/errors.ts';
import { exitCodeOf, EXIT } from '../../cli/exit-codes.ts';
import { findPlace } from '../../cli/manifest/find-place.ts';
import { loadManifest, type LoadedManifest } from '../../cli/manifest/load-manifest.ts';
import { deploymentOf } from '../../cli/manifest/manifest-deployment.ts';
import { manifestJsonSchema } from '../../cli/manifest/manifest-json-schema.ts';
import { overrideDeployment } from '../../cli/override-settings.ts';

const ROOT = new URL('../../', import.meta.url);
const SCHEMA_FILE = new URL('sdk/schema/faas.schema.json', ROOT);
const BASE = 'name = "x"\nsource = "a.wasm"\n';

async function load(t: Test, text: string): Promise<LoadedManifest> {
  const file = join(t.testdirName, 'faas.toml');
  t.testdir({ 'faas.toml': text });
  return loadManifest(file);
}

t.test('a mistake names the key, its place, and what is meant or expected', async (t) => {
  const cases: readonly (readonly [text: string, message: RegExp, fix?: RegExp])[] = [
    [
      `${BASE}[limits]\nmemory = 64\n`,
      /^Cannot use "limits.memory" at .*faas.toml:4:1: it must be a size with its unit like "64MiB", and is the number 64$/,
    ],
    [`${BASE}[limits]\ntimeout = "10 sec"`, /a duration with its unit like "10s", and is "10 sec"/],
    [
      `${BASE}\n# limits\n[limits]\nmemori = "1MiB"`,
      /the key "limits.memori" at .*:6:1: there is no such key/,
      /^Write "limits.memory" if that/,
    ],
    [`${BASE}memory = "1MiB"`, /key "memory" at .*:3:1/, /Write "limits.memory"/],
    [`${BASE}[limts]\ncpu = "1s"`, /key "limts" at .*:3:2/, /Write "limits"/],
    [`${BASE}zzzzzz = 1`, /key "zzzzzz"/, /^Remove it/],
    [
      `${BASE}routes = [\n  "/a",\n  { hst = "x", path = "/" },\n]`,
      /key "routes.1.hst" at .*:5:5/,
      /Write "routes.1.host"/,
    ],
    [`${BASE}routes = [5]`, /"routes.0" at .* must be a route like .*, and is the number 5/],
    [`${BASE}[[routes]]\nhost = "x"`, /"routes.0.path" .* begins with "\/", and is not there/],
    [`${BASE}isolation = "none"`, /must be one of "request", "reuse", and is "none"/],
    [`${BASE}[instances]\nmin = -1`, /must be a whole number of at least 0, and is the number -1/],
    [`${BASE}[environment]\nA = 5`, /"environment.A" at .*:4:1: it must be a text/],
    [`${BASE}key_value = ["a b"]`, /"key_value.0" .* 1 to 64 letters/],
    [
      `${BASE}directories = [{ source = "a", path = "b" }]`,
      /"directories.0.path" at .*:3:32: .*an absolute path in the guest, and is "b"/,
    ],
    [`name = "Bad"\nsource = "a"`, /"name" at .*:1:1: .* and is "Bad"/],
    ['source = "a.wasm"', /"name" .* and is not there/],
    ['name = "x"', /"source" .* must be the path of the component.*and is not there/],
    [`${BASE}build = { command = "x", artifact = "b" }`, /"build.artifact" .* left out/],
    ['name = "x"\nbuild = { artifact = "b" }', /"build.command" at .*: .*and is not there/],
    ['name = "x"\nlimits = \n', /:2:10 is no TOML, /],
    [`${BASE}name = "y"`, /:3:1 is no TOML, /],
  ];
  for (const [text, message, fix = /./] of cases) {
    const error = await load(t, text).catch((thrown: unknown) => thrown);
    t.match(error, HostError, text);
    t.match(error, { message, fix }, text);
    t.equal(exitCodeOf(error), EXIT.manifestInvalid, text);
  }
});

t.test('a secret that stands in the file is refused, and not shown', async (t) => {
  const secret = 'hunter2-0123456789';
  const error = await load(t, `${BASE}[secrets]\nkey = "${secret}"`).catch((e: unknown) => e);
  t.match(error, { message: /"secrets.key" at .*:4:1: .*does not belong into the file/ });
  t.notMatch(String(error), secret);
});

t.test('a file that is not there, too large or no text is refused', async (t) => {
  const dir = t.testdir({ 'big.toml': `#${'x'.repeat(65_536)}` });
  await t.rejects(loadManifest(join(dir, 'no.toml')), { code: 'file_unreadable' });
  await t.rejects(loadManifest(join(dir, 'big.toml')), { code: 'file_unreadable' });
  await writeFile(join(dir, 'bytes.toml'), Buffer.from([0, 255, 254]));
  await t.rejects(loadManifest(join(dir, 'bytes.toml')), { code: 'manifest_syntax' });
});

const FULL = `
name = "x"
routes = ["a.example.com/*", { host = "b.example.com", path = "/c" }, { path = "/d/*" }]
isolation = "reuse"
server_timing = true
key_value = ["default", { label = "l", shared = "s" }]
allowed_hosts = ["api.example.com"]
build = { command = "make", artifact = "out/a.wasm" }
limits = { memory = "1MiB", timeout = "1.5s", cpu = "1.2ms", concurrency = 2, queue = 0, request_body = "1kB", response_body = "2kB", log = "3B" }
instances = { min = 1, max = 2, reuse_count = 3, concurrent_reuse_count = 4, max_age = "1h", idle_timeout = "1m", snapshot = "never" }
budget = { requests_per_second = 0.5, cpu_per_minute = "30s" }
environment = { A = "1", B = "2" }
config = { C = "3" }
secrets = { S = { env = "SECRET" } }
directories = [{ source = "public", path = "/public/" }]
`;

t.test('a manifest is what the admin API takes', async (t) => {
  const loaded = await load(t, FULL);
  const deployment = deploymentOf(loaded, { SECRET: 'hidden' });
  t.same(deployment, {
    name: 'x',
    path: join(t.testdirName, 'out/a.wasm'),
    directories: [{ hostPath: join(t.testdirName, 'public'), guestPath: '/public' }],
    settings: {
      limits: {
        memoryBytes: 1_048_576,
        timeoutMs: 1500,
        cpuMs: 2,
        concurrency: 2,
        queue: 0,
        requestBodyBytes: 1000,
        responseBodyBytes: 2000,
        logBytes: 3,
      },
      isolation: 'reuse',
      instances: {
        min: 1,
        max: 2,
        reuseCount: 3,
        concurrentReuseCount: 4,
        maxAgeMs: 3_600_000,
        idleTimeoutMs: 60_000,
        snapshot: 'never',
      },
      budget: { requestsPerSecond: 0.5, cpuMsPerMinute: 30_000 },
      serverTiming: true,
      environment: [
        ['A', '1'],
        ['B', '2'],
      ],
      config: [['C', '3']],
      secrets: [['S', 'hidden']],
      keyValue: [{ label: 'default' }, { label: 'l', shared: 's' }],
      allowedHosts: ['api.example.com'],
      routes: ['a.example.com/*', 'b.example.com/c', '/d/*'],
    },
  });
  t.throws(() => deploymentOf(loaded, {}), { code: 'variable_unset', message: /"SECRET" is not/ });
  t.same(deploymentOf(loaded, {}, new Set(['S'])).settings['secrets'], [], 'a flag gives it');
});

t.test(
  'flags override a manifest: values, variables by name, other lists as a whole',
  async (t) => {
    const deployment = deploymentOf(await load(t, FULL), { SECRET: 'hidden' });
    t.same(overrideDeployment(deployment, {}), deployment, 'no flag changes nothing');
    const over = overrideDeployment(deployment, {
      name: 'y',
      memory: 5,
      isolation: 'request',
      env: [
        ['B', 'two'],
        ['Z', '26'],
      ],
      allowHost: ['other.example.com'],
      dir: [],
      secret: [['S', 'other']],
    });
    t.equal(over.name, parseFunctionName('y'));
    t.match(over.settings, {
      limits: { memoryBytes: 5, timeoutMs: 1500 },
      isolation: 'request',
      serverTiming: true,
      environment: [
        ['A', '1'],
        ['B', 'two'],
        ['Z', '26'],
      ],
      allowedHosts: ['other.example.com'],
      secrets: [['S', 'other']],
      routes: deployment.settings['routes'],
    });
  },
);

t.test('findPlace() finds keys wherever TOML lets them stand', (t) => {
  const text = 'a.b = 1\n"c d" = { e = 1,\n  f = 2 }\ns = """\nx = 1\n"""\n[[t]]\n[[t]]\n  x = 2\n';
  t.same(findPlace(text, ['a', 'b']), { line: 1, column: 3 });
  t.same(findPlace(text, ['c d', 'f']), { line: 3, column: 3 });
  t.same(findPlace(text, ['t', '1', 'x']), { line: 9, column: 3 }, 'not the one in the string');
  t.same(findPlace(text, ['gone']), { line: 1, column: 1 });
  t.end();
});

t.test('the published JSON Schema is that of the command', (t) => {
  const generated = manifestJsonSchema();
  // TAP_SNAPSHOT=1 writes it anew; the format is that of oxfmt.
  if (process.env['TAP_SNAPSHOT'] === '1') writeFileSync(SCHEMA_FILE, generated);
  t.same(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')), JSON.parse(generated));
  t.end();
});

t.test('docs/manifest.md has every key, and its example is valid', async (t) => {
  const text = readFileSync(new URL('docs/manifest.md', ROOT), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z_.]+)` \| (?:`(--[a-z-]+)`)? ?\|/gm)];
  t.same(rows.map(([, key]) => key).sort(), keysOf(JSON.parse(manifestJsonSchema()), '').sort());
  const cli = readFileSync(new URL('docs/cli.md', ROOT), 'utf8');
  for (const [, key, flag] of rows) {
    if (flag !== undefined) t.ok(cli.includes(`\`${flag}`), `${key}: ${flag} is a flag`);
  }
  const example = /```toml\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  t.match(await load(t, example), { manifest: { name: 'shop-api' } });
});

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Keys with values: groups are tables of the documentation. */
function keysOf({ properties = {} }: JsonSchema, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, schema]) =>
    schema.properties === undefined ? [prefix + name] : keysOf(schema, `${prefix}${name}.`),
  );
}
