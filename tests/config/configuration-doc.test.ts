import { readFileSync } from 'node:fs';
import t from 'tap';
import { listConfigKeys } from '../../host/config/config-keys.ts';
import { loadConfig } from '../../host/config/load-config.ts';
import { parseDuration, parseSize } from '../../host/base/units.ts';

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
/** Key → the default that the document gives. */
const documented = new Map(
  [...text.matchAll(/^\| `([\w.]+)` \| (.+?) \| .+ \|$/gm)].map(([, key = '', value = '']) => [
    key,
    value.replaceAll('`', ''),
  ]),
);

t.test('docs/configuration.md names every setting with its default, and no other', async (t) => {
  t.same(
    [...documented.keys()].sort(),
    listConfigKeys()
      .map(({ key }) => key)
      .sort(),
  );
  for (const { key, defaultValue } of listConfigKeys()) {
    const shown = documented.get(key) ?? '';
    if (defaultValue === undefined) t.match(shown, /^\((?:by system|none)\)$/, key);
    else t.same(readDefault(key, JSON.parse(shown)), defaultValue, key);
  }
});

t.test('the example in docs/configuration.md is a valid configuration', async (t) => {
  const example = JSON.parse(/```json\n(.*?)```/s.exec(text)?.[1] ?? '') as Record<string, unknown>;
  const config = await loadConfig({ environment: {}, overrides: example, defaultDataDir: '/d' });
  t.equal(config.defaults.timeoutMs, 10_000);
});

function readDefault(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (key.endsWith('Bytes')) return parseSize(value);
  return key.endsWith('Ms') ? parseDuration(value) : value;
}
