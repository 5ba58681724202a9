/**
 * Scripts by which shells complete `faas`. Commands and flags are written into the script; names of functions are asked
 * from the host at that moment.
 */
import type { CommandSpec, Operand } from './command-specs.ts';

/** Shells that are known. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Lists the functions; a host that does not answer is no function. */
const LIST = "faas list 2>/dev/null | awk 'NR > 1 { print $1 }'";

/** Makes the script for a shell. */
export function completionScript(shell: Shell, commands: readonly CommandSpec[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

/** The words before the cursor that are commands, found the same way by bash and zsh. */
function walkCases(commands: readonly CommandSpec[]): string {
  const cases = commands.map(({ path }) => {
    const words = path.split(' ');
    return `      '${words.slice(0, -1).join(' ')}:${words.at(-1)}') command='${path}' ;;`;
  });
  return cases.join('\n');
}

function bashScript(commands: readonly CommandSpec[]): string {
  const words = (list: readonly string[]): string =>
    `COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$current"))`;
  const operand = (kind: Operand, subcommands: readonly string[]): string => {
    if (subcommands.length > 0) return words(subcommands);
    if (kind === 'function') return `COMPREPLY=($(compgen -W "$(${LIST})" -- "$current"))`;
    return kind === 'shell' ? words(SHELLS) : ':';
  };
  const cases = commands.map(
    ({ path, flags, operand: kind, subcommands }) => `    '${path}')
      if [[ $current == -* ]]; then ${words(flags.map(({ long }) => long))}
      else ${operand(kind, subcommands)}
      fi ;;`,
  );
  return `# bash completion for faas: source <(faas completion bash)
_faas() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command:$word" in
${walkCases(commands)}
    esac
  done
  COMPREPLY=()
  case "$command" in
    '') ${words(topOf(commands))} ;;
${cases.join('\n')}
  esac
}
complete -o default -F _faas faas
`;
}

function zshScript(commands: readonly CommandSpec[]): string {
  const item = (name: string, description: string): string =>
    quote(`${name.replaceAll(':', String.raw`\:`)}:${description}`);
  const describe = (what: string, items: readonly string[]): string =>
    `items=(${items.join(' ')}); _describe '${what}' items`;
  const below = (spec: CommandSpec): readonly string[] =>
    spec.subcommands.map((name) =>
      item(name, commands.find(({ path }) => path === `${spec.path} ${name}`)?.description ?? ''),
    );
  const operand = (spec: CommandSpec): string => {
    if (spec.subcommands.length > 0) return describe('command', below(spec));
    if (spec.operand === 'function')
      return `items=(\${(f)"$(${LIST})"}); _describe 'function' items`;
    if (spec.operand === 'shell') return describe('shell', [...SHELLS]);
    return '_files';
  };
  const cases = commands.map(
    (spec) => `    '${spec.path}')
      if [[ $PREFIX == -* ]]; then ${describe(
        'flag',
        spec.flags.map(({ long, description }) => item(long, description)),
      )}
      else ${operand(spec)}
      fi ;;`,
  );
  const top = commands
    .filter(({ path }) => !path.includes(' '))
    .map(({ path, description }) => item(path, description));
  return `#compdef faas
# zsh completion for faas: source <(faas completion zsh)
_faas() {
  local command='' word
  local -a items
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$command:$word" in
${walkCases(commands)}
    esac
  done
  case "$command" in
    '') ${describe('command', top)} ;;
${cases.join('\n')}
  esac
}
compdef _faas faas
`;
}

function fishScript(commands: readonly CommandSpec[]): string {
  const lines = commands.flatMap((spec) => {
    const words = spec.path.split(' ');
    const isTop = words.length === 1;
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const others = spec.subcommands.join(' ');
    const parent = isTop
      ? '__fish_use_subcommand'
      : `__fish_seen_subcommand_from ${words[0]}; and not __fish_seen_subcommand_from ${siblings(spec, commands)}`;
    const flags = spec.flags.map(
      ({ long, short, description, takesValue }) =>
        `complete -c faas -n '${seen}' -l ${long.slice(2)}${short === undefined ? '' : ` -s ${short}`}${takesValue ? ' -r' : ''} -d ${fishQuote(description)}`,
    );
    const operands: Readonly<Record<Operand, string | undefined>> = {
      function: `complete -c faas -f -n '${seen}' -a "(${LIST.replaceAll('$', String.raw`\$`)})"`,
      shell: `complete -c faas -f -n '${seen}' -a '${SHELLS.join(' ')}'`,
      file: undefined,
      nothing: undefined,
    };
    const operand = others === '' ? operands[spec.operand] : undefined;
    return [
      `complete -c faas -f -n '${parent}' -a ${words.at(-1)} -d ${fishQuote(spec.description)}`,
      ...flags,
      ...(operand === undefined ? [] : [operand]),
    ];
  });
  return `# fish completion for faas: faas completion fish | source\n${lines.join('\n')}\n`;
}

function siblings({ path }: CommandSpec, commands: readonly CommandSpec[]): string {
  const [group] = path.split(' ');
  return commands.find((one) => one.path === group)?.subcommands.join(' ') ?? '';
}

function topOf(commands: readonly CommandSpec[]): readonly string[] {
  return commands.filter(({ path }) => !path.includes(' ')).map(({ path }) => path);
}

/** A word for bash and zsh, whatever is in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A word for fish, where a quote within quotes is escaped. */
function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
