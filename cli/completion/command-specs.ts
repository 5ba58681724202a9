/** The commands as completion scripts need them: read from the program itself, so that no script forgets a flag. */
import type { Command } from 'commander';

/** What can stand where a command takes a value without flag. */
export type Operand = 'file' | 'function' | 'shell' | 'nothing';

/** A flag. */
export interface FlagSpec {
  /** With its dashes: `--name`. */
  readonly long: string;
  /** One letter without dash. */
  readonly short: string | undefined;
  readonly description: string;
  readonly takesValue: boolean;
}

/** A command that can be run, or that has others below it. */
export interface CommandSpec {
  /** Words after `faas`: `kv get`. */
  readonly path: string;
  readonly description: string;
  readonly subcommands: readonly string[];
  readonly flags: readonly FlagSpec[];
  readonly operand: Operand;
}

/** Every command below a program, groups before their members. */
export function listCommands(program: Command): readonly CommandSpec[] {
  return program.commands.flatMap((command) => specsOf(command, ''));
}

function specsOf(command: Command, prefix: string): readonly CommandSpec[] {
  const path = `${prefix}${command.name()}`;
  const spec: CommandSpec = {
    path,
    description: command.description(),
    subcommands: command.commands.map((one) => one.name()),
    flags: command.options
      .filter((option) => option.long !== undefined)
      .map((option) => ({
        long: option.long ?? '',
        short: option.short?.replace(/^-/, ''),
        description: option.description,
        takesValue: option.required || option.optional,
      })),
    operand: operandOf(command),
  };
  return [spec, ...command.commands.flatMap((one) => specsOf(one, `${path} `))];
}

/** Told by the name of the first argument, as `--help` shows it. */
function operandOf(command: Command): Operand {
  const name = command.registeredArguments[0]?.name();
  if (name === 'shell') return 'shell';
  if (name === 'name' && !['new', 'create'].includes(command.name())) return 'function';
  return name === 'dir' || name === 'file|dir' ? 'file' : 'nothing';
}
