/** Arguments → the command they name, run; and its exit code. Every error becomes one message here. */
import { Command, CommanderError } from 'commander';
import type { Cli } from './cli.ts';
import { benchCommand } from './commands/bench.ts';
import { buildCommand } from './commands/build.ts';
import { completionCommand } from './commands/completion.ts';
import { deleteCommand } from './commands/delete.ts';
import { deployCommand } from './commands/deploy.ts';
import { describeCommand } from './commands/describe.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { envCommand } from './commands/env.ts';
import { invokeCommand } from './commands/invoke.ts';
import { kvCommand } from './commands/kv.ts';
import { listCommand } from './commands/list.ts';
import { logsCommand } from './commands/logs.ts';
import { newCommand } from './commands/new.ts';
import { reloadCommand } from './commands/reload.ts';
import { resumeCommand } from './commands/resume.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { serveCommand } from './commands/serve.ts';
import { tokenCommand } from './commands/token.ts';
import { versionsCommand } from './commands/versions.ts';
import { describeError, errorBody } from './describe-error.ts';
import type { ErrorOutput } from './output/output-schemas.ts';
import { EXIT, EXIT_MEANINGS, exitCodeOf } from './exit-codes.ts';

/** What `Cli` has besides what this module provides. */
export type CliWorld = Omit<Cli, 'endWith'>;

/**
 * Runs one command.
 *
 * @param args What stands after `faas`.
 * @returns The exit code. Errors are on stderr already.
 */
export async function runCli(args: readonly string[], world: CliWorld): Promise<number> {
  let exitCode: number = EXIT.ok;
  const cli: Cli = {
    ...world,
    endWith: (code) => {
      exitCode = code;
    },
  };
  const output: Promise<void>[] = [];
  try {
    await buildProgram(cli, output).parseAsync(args, { from: 'user' });
  } catch (error) {
    exitCode = exitCodeOf(error);
    if (isBrokenPipe(error)) exitCode = EXIT.ok;
    else if (!isHelp(error)) await tellError(error, exitCode, args, cli);
  }
  await Promise.allSettled(output);
  return exitCode;
}

/** For people, or as one line of JSON for scripts. Also what is wrong with the flags is told as they ask for it. */
async function tellError(
  error: unknown,
  exitCode: number,
  args: readonly string[],
  cli: Cli,
): Promise<void> {
  if (!asksForJson(args)) return describeError(error, cli);
  const output: ErrorOutput = { error: { ...errorBody(error), exitCode } };
  return cli.terminal.note(JSON.stringify(output));
}

function asksForJson(args: readonly string[]): boolean {
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  return own.some(
    (arg, at) => arg === '--format=json' || (arg === '--format' && own[at + 1] === 'json'),
  );
}

function buildProgram(cli: Cli, output: Promise<void>[]): Command {
  const { terminal } = cli;
  const program = new Command('faas')
    .description('deploy WebAssembly components as functions and call them by URL')
    .version(cli.version)
    .addHelpText('after', exitCodeHelp())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void output.push(terminal.print(text)),
      writeErr: (text) => void output.push(terminal.note(text.replace(/\n$/, ''))),
      // Errors are written by `describeError`, all in one form.
      outputError: () => undefined,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const commands = [
    newCommand,
    buildCommand,
    devCommand,
    serveCommand,
    deployCommand,
    listCommand,
    describeCommand,
    versionsCommand,
    rollbackCommand,
    invokeCommand,
    benchCommand,
    logsCommand,
    kvCommand,
    envCommand,
    resumeCommand,
    reloadCommand,
    deleteCommand,
    tokenCommand,
    doctorCommand,
    completionCommand,
  ];
  for (const make of commands) {
    const command = make(cli).copyInheritedSettings(program);
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(program);
    program.addCommand(command);
  }
  return program;
}

function exitCodeHelp(): string {
  const lines = EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(5)} ${meaning}`);
  return `\nExit codes:\n${lines.join('\n')}\n`;
}

function isHelp(error: unknown): boolean {
  return (
    error instanceof CommanderError &&
    ['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code)
  );
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
