import { readFileSync } from 'node:fs';
import t from 'tap';
import { EXIT_MEANINGS } from '../../cli/exit-codes.ts';
import { runHere } from './run-faas.ts';

const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
const COMMANDS = [
  'new',
  'build',
  'dev',
  'serve',
  'deploy',
  'list',
  'describe',
  'versions',
  'rollback',
  'invoke',
  'bench',
  'logs',
  'resume',
  'delete',
  'kv get',
  'kv set',
  'kv delete',
  'kv list',
  'env set',
  'env unset',
  'env list',
  'reload',
  'token create',
  'token list',
  'doctor',
  'completion',
];

t.test('docs/cli.md names every command and every flag, and no other', async (t) => {
  const flags = new Set<string>();
  for (const command of COMMANDS) {
    t.match(text, new RegExp(`\\| \`faas ${command}[ \`]`), command);
    const { stdout } = await runHere([...command.split(' '), '--help']);
    for (const [flag] of stdout.matchAll(/(?<= )--[a-z-]+/g)) flags.add(flag);
  }
  flags.delete('--help');
  const documented = new Set([...text.matchAll(/`(--[a-z-]+)/g)].map(([, flag = '']) => flag));
  documented.delete('--help');
  t.same([...documented].sort(), [...flags].sort());
});

t.test('docs/cli.md has the exit codes of --help', async (t) => {
  for (const [code, meaning] of EXIT_MEANINGS)
    t.ok(text.includes(`| ${code} | ${meaning} |`), meaning);
});
