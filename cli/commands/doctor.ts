/** `faas doctor`: whether this machine has what a host and builds need, and the command that mends what is wrong. */
import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { dataDirectory } from '../connection.ts';
import type { CheckResult, CheckState } from '../doctor/checks.ts';
import { EXIT } from '../exit-codes.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { listTemplates } from '../project/templates.ts';
import type { Style, Terminal } from '../terminal.ts';
import { toTerminalText } from '../terminal-text.ts';

type Flags = OutputFlags & { readonly dataDir?: string };

const STYLES: Readonly<Record<CheckState, Style>> = {
  ok: 'green',
  warning: 'yellow',
  missing: 'dim',
  problem: 'red',
};
const STATE_WIDTH = 7;

/** Makes the command. */
export function doctorCommand(cli: Cli): Command {
  const command = new Command('doctor')
    .description('check this machine: Node, limits, ports, data directory, toolchains')
    .option('--data-dir <dir>', 'data directory of the host (or FAAS_DATA_DIR)');
  addFormatFlag(command);
  return command.action(async (flags: Flags) => {
    const { runChecks } = await import('../doctor/checks.ts');
    const { environment, terminal } = cli;
    const dataDir = dataDirectory(flags, cli);
    const results = await runChecks({ environment, dataDir, templates: await listTemplates() });
    if (flags.format === 'json') await terminal.printJson<'doctor'>(results);
    else await printResults(results, terminal);
    if (results.some(({ state }) => state === 'problem')) cli.endWith(EXIT.unexpected);
  });
}

async function printResults(results: readonly CheckResult[], terminal: Terminal): Promise<void> {
  for (const { check, state, detail, fix } of results) {
    const mark = terminal.outStyle(STYLES[state], state.padEnd(STATE_WIDTH));
    await terminal.print(`${mark}  ${toTerminalText(`${check}: ${detail}`)}\n`);
    if (fix !== undefined) {
      const label = terminal.outStyle('bold', 'fix:');
      await terminal.print(`${' '.repeat(STATE_WIDTH)}    ${label} ${toTerminalText(fix)}\n`);
    }
  }
}
