import t from 'tap';
import { EXIT_MEANINGS } from '../../cli/exit-codes.ts';
import { ERROR_CODES, type ErrorDefinition } from '../../host/base/error-codes.ts';
import { codeRowsOf, findDeadLinks, findDeadPaths, readDocuments } from './documents.ts';
import { codeOf, readSource, readSources } from './source-files.ts';

const documents = readDocuments();

t.test('the rules for documents find what breaks them', (t) => {
  const text = [
    '[a](b.md) [c](../README.md#top) [d](#here) [e](https://example.com) [f](gone.md) `[g](h.md)`',
    '# Here, & now',
    '| `code` | 1 | a \\| b |',
    '| word | 2 |',
    '`host/base/ids.ts` `host/gone.ts` `faas/host` `cli/`',
  ].join('\n');
  const document = { path: 'docs/a.md', text };
  const read = (path: string): string | undefined =>
    path === 'docs/a.md' ? text : path === 'docs/gone.md' ? undefined : '# Top';
  t.same(findDeadLinks(document, read), ['docs/a.md links to #here', 'docs/a.md links to gone.md']);
  t.same(codeRowsOf(document), [['`code`', '1', 'a | b']]);
  t.same(
    findDeadPaths(document, (name) => name !== 'host/gone.ts'),
    ['docs/a.md names host/gone.ts'],
  );
  t.end();
});

t.test('links in documents lead somewhere, and the files they name are there', (t) => {
  t.ok(documents.length > 8, `${documents.length} documents`);
  t.same(
    documents.flatMap((document) => findDeadLinks(document)),
    [],
  );
  t.same(
    documents.flatMap((document) => findDeadPaths(document)),
    [],
  );
  t.end();
});

t.test('README.md links to every document', (t) => {
  const { text } = readSource('README.md');
  for (const { path } of documents.filter((document) => document.path.startsWith('docs/'))) {
    t.ok(text.includes(`(${path})`), path);
  }
  t.end();
});

t.test('docs/errors.md has every code as it is, and no other', (t) => {
  const documented = new Map(
    codeRowsOf(readSource('docs/errors.md')).map(([code = '', ...cells]) => [
      code.replaceAll('`', ''),
      cells,
    ]),
  );
  t.same([...documented.keys()].sort(), Object.keys(ERROR_CODES).sort());
  const table: Readonly<Record<string, ErrorDefinition>> = ERROR_CODES;
  for (const [code, { status, blame, message, fix = '' }] of Object.entries(table)) {
    const [shownStatus, shownBlame, shownMessage, when, shownFix] = documented.get(code) ?? [];
    t.same(
      [shownStatus, shownBlame, shownMessage, shownFix],
      [String(status), blame, message, fix],
      code,
    );
    t.not(when, '', `${code} says when it happens`);
  }
  t.end();
});

t.test('every error code is used', (t) => {
  const code = readSources(['host', 'cli'], ['.ts'])
    .filter(({ path }) => path !== 'host/base/error-codes.ts')
    .map(codeOf)
    .join('\n');
  const unused = Object.keys(ERROR_CODES).filter((name) => !code.includes(`'${name}'`));
  t.same(unused, []);
  t.end();
});

t.test('docs/cli.md has every command and every exit code, and no other', (t) => {
  const text = readSource('docs/cli.md');
  const commands = readSources(['cli/commands']).map(
    (file) => /new Command\('(\w+)'\)/.exec(file.text)?.[1] ?? file.path,
  );
  const shown = [...text.text.matchAll(/^\| `faas (\w+)/gm)].map(([, name = '']) => name);
  t.same([...new Set(shown)].sort(), commands.sort());
  const codes = [...text.text.matchAll(/^\| (\d+) \| (.+?) \|$/gm)].map(
    ([, code = '', meaning = '']) => [Number(code), meaning] as const,
  );
  // `faas.js` ends with this before there is a Node that could run the rest.
  t.match(readSource('cli/faas.js').text, 'process.exit(69)');
  t.same(
    codes.filter(([code]) => code !== 69),
    EXIT_MEANINGS,
  );
  t.end();
});
