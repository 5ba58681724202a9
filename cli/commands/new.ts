/** `faas new NAME -t TEMPLATE`: makes a project; without a template it lists what there is. */
import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import { parseFunctionName } from '../../host/base/ids.ts';
import { checkTool } from '../build/toolchain.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { copyTemplate } from '../project/copy-template.ts';
import { findTemplate, listTemplates, type Template } from '../project/templates.ts';
import { toTerminalText } from '../terminal-text.ts';

type Flags = OutputFlags & { readonly template?: string; readonly dir?: string };

/** Makes the command. */
export function newCommand(cli: Cli): Command {
  const command: Command = new Command('new')
    .description('make a project from a template; without one, list the templates')
    .argument('[name]', 'name of the function')
    .option('-t, --template <template>', 'language or framework, like rust or hono')
    .option('--dir <dir>', 'folder of the project (default: the name)');
  addFormatFlag(command);
  return command.action(async (name: string | undefined, flags: Flags) => {
    if (flags.template === undefined) {
      // Named, but of no kind: the list says what is missing.
      if (name !== undefined || flags.dir !== undefined) cli.endWith(EXIT.usage);
      return printTemplates(name, flags, cli);
    }
    if (name === undefined) command.error("error: missing required argument 'name'");
    const template = await findTemplate(flags.template);
    const functionName = parseFunctionName(name);
    const folder = resolve(flags.dir ?? functionName);
    const files = await copyTemplate(template, functionName, folder);
    const made = { name: functionName, template: template.name, folder, files };
    if (flags.format === 'json') return cli.terminal.printJson<'new'>(made);
    return printProject(made, template, cli);
  });
}

async function printTemplates(
  name: string | undefined,
  { format }: Flags,
  { terminal }: Cli,
): Promise<void> {
  const templates = await listTemplates();
  const views = templates.map(({ name, description, needs }) => ({ name, description, needs }));
  if (format === 'json') return terminal.printJson<'new'>(views);
  await terminal.printTable(
    ['TEMPLATE', 'DESCRIPTION'],
    views.map(({ name, description }) => [name, description]),
  );
  return terminal.note(
    `\nMake a project with "faas new ${toTerminalText(name ?? 'NAME')} -t TEMPLATE"`,
  );
}

async function printProject(
  made: { readonly name: string; readonly folder: string; readonly files: readonly string[] },
  template: Template,
  { terminal, environment }: Cli,
): Promise<void> {
  const shown = relative('', made.folder) || '.';
  const title = toTerminalText(`${made.name} is made in ${shown}, ${made.files.length} files`);
  await terminal.print(`${terminal.outStyle('green', title)}\n`);
  const steps = [
    ...(shown === '.' ? [] : [`cd ${quote(shown)}`]),
    ...(made.files.includes('package.json') ? ['npm install'] : []),
    'faas dev       # builds, serves, and does so again at every change',
    'faas deploy    # builds, and deploys to a host',
  ];
  await terminal.print(`${toTerminalText('next:')}\n`);
  for (const step of steps) await terminal.print(`  ${toTerminalText(step)}\n`);
  await noteMissing(template, made.folder, terminal, environment);
}

/** What the build will need, told before it is needed. */
async function noteMissing(
  { needs }: Template,
  folder: string,
  terminal: Cli['terminal'],
  environment: Cli['environment'],
): Promise<void> {
  const missing = needs
    .filter((need) => !need.startsWith('npm:'))
    .map((need) => checkTool(need, { environment, folder }))
    .filter(({ present }) => !present);
  for (const { need, install } of missing) {
    await terminal.note(terminal.noteStyle('yellow', `${need} is not installed: ${install}`));
  }
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
