/** What every command is given: the outside world, and a way to end with another code than 0. */
import type { Terminal } from './terminal.ts';

/** The world of one run of `faas`. */
export interface Cli {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  /** Release of this command. */
  readonly version: string;
  /** Turns Ctrl-C from a sudden end into this signal; asked for once, by commands that wait. */
  readonly onInterrupt: () => AbortSignal;
  /** Ends with this code although nothing was thrown. */
  readonly endWith: (exitCode: number) => void;
}
