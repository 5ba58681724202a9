import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parseFunctionName } from '../../host/base/ids.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { loadManifest } from '../../cli/manifest/load-manifest.ts';
import { copyTemplate } from '../../cli/project/copy-template.ts';
import { findTemplate, listTemplates } from '../../cli/project/templates.ts';
import { PATH_ONLY } from './fake-project.ts';
import { runFaas, runHere } from './run-faas.ts';

const BYTES = Buffer.from([0, 1, 2, 255]);

t.test('a template is copied with its names filled in', async (t) => {
  const dir = t.testdir({
    templates: {
      demo: {
        'template.json': '{ "description": "A demo", "needs": ["cargo"] }',
        'faas.toml': 'name = "{{name}}"\nsource = "{{crate}}.wasm"\n',
        _gitignore: 'target\n',
        src: { '__crate__.rs': '// {{ name }} {{name}} {{crate}}', '__name__.bin': BYTES },
        target: { left: 'over' },
      },
      'no-template': { 'a.txt': 'a' },
    },
  });
  const templates = await listTemplates(join(dir, 'templates'));
  t.match(templates, [{ name: 'demo', description: 'A demo', needs: ['cargo'] }]);
  t.equal(templates.length, 1);
  const template = await findTemplate('demo', join(dir, 'templates'));
  const folder = join(dir, 'made', 'here');
  t.same(await copyTemplate(template, parseFunctionName('my-app'), folder), [
    '.gitignore',
    'faas.toml',
    'src/my-app.bin',
    'src/my_app.rs',
  ]);
  t.equal(await readFile(join(folder, 'src/my_app.rs'), 'utf8'), '// {{ name }} my-app my_app');
  t.same(await readFile(join(folder, 'src/my-app.bin')), BYTES);
  await t.rejects(findTemplate('dmeo', join(dir, 'templates')), {
    code: 'unknown_template',
    fix: 'Did you mean "demo"? There are demo',
  });
});

t.test('a folder that is not empty is left alone', async (t) => {
  const dir = t.testdir({ full: { 'a.txt': '' }, file: '', empty: {} });
  const make = (folder: string): ReturnType<typeof runHere> =>
    runHere(['new', 'app', '-t', 'c', '--dir', join(dir, folder)], PATH_ONLY);
  t.match(await make('full'), { code: EXIT.taken, stderr: /not empty, "a.txt" is in it/ });
  t.match(await make('file'), { code: EXIT.taken, stderr: /it is a file/ });
  await mkdir(join(dir, 'empty', '.git'));
  t.match(await make('empty'), { code: 0 }, 'a new repository is empty');
  t.match(await runHere(['new', 'Bad_Name', '-t', 'c'], PATH_ONLY), {
    code: EXIT.usage,
    stderr: /Cannot use the name "Bad_Name"/,
  });
});

t.test('new makes a project in a folder of its name, and says what is next', async (t) => {
  const cwd = t.testdir({});
  const run = await runFaas(['new', 'my-app', '-t', 'rust'], { cwd });
  t.equal(run.code, 0, run.stderr);
  t.match(run.stdout, /^my-app is made in my-app, \d+ files\nnext:\n {2}cd my-app\n {2}faas dev/);
  t.ok((await stat(join(cwd, 'my-app', '.gitignore'))).isFile());
});

t.test('every template has a description, and makes a valid manifest', async (t) => {
  const listed = await runHere(['new', '--format', 'json'], PATH_ONLY);
  const templates = JSON.parse(listed.stdout) as { name: string; description: string }[];
  t.ok(templates.length > 0);
  const dir = t.testdir({});
  for (const { name, description } of templates) {
    t.match(description, /^.{10,80}$/, name);
    const folder = join(dir, name);
    const args = ['new', 'my-app', '-t', name, '--dir', folder, '--format', 'json'];
    const made = JSON.parse((await runHere(args, PATH_ONLY)).stdout) as { files: string[] };
    for (const file of ['README.md', '.gitignore', 'faas.toml']) {
      t.ok(made.files.includes(file), `${name} has ${file}`);
    }
    for (const file of made.files) {
      t.notMatch(await readFile(join(folder, file), 'utf8'), /\{\{(name|crate)\}\}/, file);
    }
    t.match(await loadManifest(join(folder, 'faas.toml')), { manifest: { name: 'my-app' } }, name);
  }
  t.match(await runHere(['new'], PATH_ONLY), { code: 0, stdout: /^TEMPLATE +DESCRIPTION\n/ });
  t.match(await runHere(['new', 'my-app'], PATH_ONLY), {
    code: EXIT.usage,
    stdout: /^TEMPLATE/,
    stderr: /"faas new my-app -t TEMPLATE"/,
  });
});
