import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { HostError } from '../../host/base/errors.ts';
import { listConfigKeys } from '../../host/config/config-keys.ts';
import { loadConfig, type ConfigSources } from '../../host/config/load-config.ts';

const NOTHING: ConfigSources = { environment: {}, overrides: {}, defaultDataDir: '/default' };

/** What is said about a config file with this text. */
async function complaint(t: Test, text: string): Promise<string> {
  const file = join(t.testdir({}), 'config.json');
  await writeFile(file, text);
  try {
    await loadConfig({ ...NOTHING, file });
  } catch (error) {
    const { code, message, fix } = error as HostError;
    return `${code}: ${message} / ${fix}`.replaceAll(file, 'FILE');
  }
  return 'accepted';
}

t.test('without any source there are defaults', async (t) => {
  const config = await loadConfig(NOTHING);
  t.equal(config.dataDir, '/default');
  t.equal(config.listen, '127.0.0.1:8080');
  for (const { key, defaultValue } of listConfigKeys()) {
    const value = key.split('.').reduce<unknown>((at, name) => (at as never)[name], config);
    if (key !== 'dataDir') t.same(value, defaultValue, key);
  }
});

t.test('the domain is kept in lower case, as routes and hosts are compared', async (t) => {
  const config = await loadConfig({ ...NOTHING, overrides: { domain: 'Fn.Example' } });
  t.equal(config.domain, 'fn.example');
});

t.test('flags win over the environment, the environment over the file, key by key', async (t) => {
  const file = join(t.testdir({}), 'config.json');
  const settings = { dataDir: '/file', listen: '127.0.0.1:1', http: { headerBytes: '8KiB' } };
  await writeFile(file, `\ufeff${JSON.stringify(settings)}`);
  const config = await loadConfig({
    file,
    environment: { FAAS_DATA_DIR: '/environment' },
    overrides: { listen: '127.0.0.1:2', logLevel: undefined, http: { connections: 7 } },
    defaultDataDir: '/default',
  });
  t.match(config, {
    dataDir: '/environment',
    listen: '127.0.0.1:2',
    logLevel: 'info',
    http: { headerBytes: 8192, connections: 7 },
  });
  const flagged = { environment: { FAAS_DATA_DIR: '' }, overrides: { dataDir: '/flag' } };
  t.equal((await loadConfig({ ...NOTHING, ...flagged })).dataDir, '/flag');
});

t.test('a configuration is frozen all the way down', async (t) => {
  const config = await loadConfig(NOTHING);
  t.throws(() => Object.assign(config, { listen: 'x' }), TypeError);
  t.throws(() => Object.assign(config.http, { connections: 1 }), TypeError);
  t.throws(() => (config.trustedProxies as string[]).push('x'), TypeError);
});

t.test('a file that is not JSON is refused with line and column', async (t) => {
  const places: readonly (readonly [text: string, line: number, column: number])[] = [
    ['{\n  "a": x\n}', 2, 8],
    ['{"a": 1,}', 1, 9],
    ['{"a": 1', 1, 8],
    ['', 1, 1],
    ['{"a": "b\nc"}', 1, 9],
    ['{} // comment', 1, 4],
    ["{'a': 1}", 1, 2],
    ['{"a": .5}', 1, 7],
  ];
  for (const [text, line, column] of places) {
    t.match(
      await complaint(t, text),
      `config_syntax: Cannot read the config file "FILE": it stops being JSON at line ${line}, column ${column} `,
      text,
    );
  }
});

t.test('a file that is missing, a directory or no object is refused', async (t) => {
  await t.rejects(loadConfig({ ...NOTHING, file: '/does/not/exist' }), {
    code: 'config_unreadable',
    message: 'Cannot read the config file "/does/not/exist": ENOENT',
  });
  await t.rejects(loadConfig({ ...NOTHING, file: '/' }), { code: 'config_unreadable' });
  t.match(await complaint(t, '[]'), 'it holds a list, not an object of settings');
  t.match(await complaint(t, 'null'), 'it holds null');
});

t.test('an unknown key is refused and the nearest one named', async (t) => {
  t.match(
    await complaint(t, '{"lissten": 1}'),
    'unknown_setting: Cannot use the setting "lissten" from FILE: there is no such key / Write "listen"',
  );
  t.match(await complaint(t, '{"http": {"headerByte": 1}}'), 'Write "http.headerBytes"');
  t.match(
    await complaint(t, '{"headerBytes": 1}'),
    'Write "http.headerBytes"',
    'the right name in the wrong place',
  );
  t.match(await complaint(t, '{"htpp": {}}'), 'Write "http"');
  t.match(await complaint(t, '{"somethingElseEntirely": 1}'), '/ Remove it');
  t.match(
    await complaint(t, '{"__proto__": {"listen": "x"}}'),
    'unknown_setting: Cannot use the setting "__proto__"',
  );
  t.match(await complaint(t, '{"http": {"constructor": 1}}'), 'unknown_setting');
});

t.test('a wrong value is refused with its key, what was given and what is expected', async (t) => {
  const given = async (settings: object): Promise<string> => complaint(t, JSON.stringify(settings));
  t.match(
    await given({ http: { connections: 'many' } }),
    'invalid_setting: Cannot use the setting "http.connections" from FILE: it is the text "many", not a whole number / See "http.connections"',
  );
  t.match(await given({ http: { connections: 1.5 } }), 'it is the number 1.5, not a whole number');
  t.match(
    await given({ defaults: { memoryBytes: '64 megs' } }),
    '"defaults.memoryBytes" from FILE: it is the text "64 megs", not a number of bytes or a text like "64MiB"',
  );
  t.match(
    await given({ defaults: { timeoutMs: true } }),
    'it is the word true, not a number of milliseconds or a text like "10s"',
  );
  t.match(
    await given({ deploy: { concurrency: 0 } }),
    'it is the number 0, not a whole number, at least 1',
  );
  t.match(await given({ cache: { moduleBytes: -1 } }), 'at least 0');
  t.match(await given({ metrics: { open: 'yes' } }), 'not one of "loopback", "always", "never"');
  t.match(await given({ trustedProxies: '10.0.0.0/8' }), 'not a list of texts');
  t.match(
    await given({ trustedProxies: [1] }),
    '"trustedProxies.0" from FILE: it is the number 1, not a text',
  );
  t.match(await given({ http: null }), 'it is null, not an object of settings');
  t.match(await given({ domain: '' }), 'not a text that is not empty');
  t.match(await given({ http: { connections: 0 } }), 'at least 1');
  t.match(
    await given({ limits: { memoryBytes: '1KiB' } }),
    '"limits.memoryBytes" from FILE: it is the text "1KiB", not a number of bytes or a text like "64MiB", at least 1048576',
  );
  t.match(await given({ limits: { memoryBytes: 'all' } }), 'not a number of bytes');
  t.match(await given({ limits: { mappings: 5 } }), 'not a whole number, at least 100');
  t.match(await given({ limits: { coldAllowanceMs: -1 } }), 'not a number of milliseconds');
  t.match(await given({ defaults: { cpuMs: 0 } }), 'at least 1');
  t.match(
    await given({ listen: '8080' }),
    'invalid_listen_address: Cannot use the setting "listen": "8080" is not host:port',
  );
  t.match(await given({ admin: '127.0.0.1:99999' }), 'invalid_listen_address');
});

t.test('a mistake in a flag or the environment names where it is from', async (t) => {
  await t.rejects(loadConfig({ ...NOTHING, overrides: { logLevel: 'loud' } }), {
    message: /^Cannot use the setting "logLevel" from a flag: it is the text "loud"/,
  });
});
