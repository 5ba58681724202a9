import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { SHELLS } from '../../cli/completion/completion-scripts.ts';
import { runHere } from './run-faas.ts';

const run = promisify(execFile);

async function script(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runHere(['completion', shell]);
  t.same([code, stderr], [0, ''], shell);
  return stdout;
}

function isMissing(shell: string): string | false {
  return spawnSync(shell, ['-c', 'true']).status === 0 ? false : `${shell} is not installed`;
}

t.test('scripts know every command and flag', async (t) => {
  const help = await runHere(['--help']);
  const commands = [...help.stdout.matchAll(/^ {2}([a-z]+)[ |]/gm)].map(([, name = '']) => name);
  t.ok(commands.includes('deploy'));
  for (const shell of SHELLS) {
    const text = await script(shell);
    for (const name of commands.filter((one) => one !== 'help')) {
      t.match(text, new RegExp(`\\b${name}\\b`), `${shell}: ${name}`);
    }
    t.match(text, 'max-instance-reuse-count', shell);
  }
});

t.test('bash completes commands, subcommands, flags and functions', async (t) => {
  const file = join(t.testdir({}), 'faas.bash');
  await writeFile(file, await script('bash'));
  const complete = async (...words: string[]): Promise<string[]> => {
    const probe = `source ${file}
      faas() { printf 'NAME  VERSION\\nshop  1\\nshop-api  2\\n'; }
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _faas; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['-c', probe, 'bash', 'faas', ...words]);
    return stdout.split('\n').filter((word) => word !== '');
  };
  t.same(
    await complete('de'),
    ['deploy', 'describe', 'dev', 'delete'].sort(byOrder(await complete(''))),
  );
  t.same(await complete('token', ''), ['create', 'list']);
  t.same(await complete('deploy', '--max-r'), ['--max-rps']);
  t.same(await complete('token', 'create', '--sc'), ['--scope']);
  t.same(await complete('logs', 'shop-'), ['shop-api']);
  t.same(await complete('completion', 'z'), ['zsh']);
  t.same(await complete('deploy', 'x'), [], 'files are left to the shell');
});

t.test('zsh reads its script', { skip: isMissing('zsh') }, async (t) => {
  const file = join(t.testdir({}), '_faas');
  await writeFile(file, await script('zsh'));
  await t.resolves(run('zsh', ['-n', file]));
});

t.test('fish completes by its script', { skip: isMissing('fish') }, async (t) => {
  const file = join(t.testdir({}), 'faas.fish');
  await writeFile(file, await script('fish'));
  const { stdout } = await run('fish', ['-c', `source ${file}; complete -C 'faas token '`]);
  t.match(stdout, /^create\tmake .*\nlist\t/);
});

/** Words come in the order of the commands. */
function byOrder(order: readonly string[]): (a: string, b: string) => number {
  return (a, b) => order.indexOf(a) - order.indexOf(b);
}
