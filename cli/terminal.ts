/** Where a command writes: results to stdout, everything else to stderr, colours only for people. */
import { styleText } from 'node:util';
import type { OutputCommand, OutputOf } from './output/output-schemas.ts';
import { toTerminalText } from './terminal-text.ts';

/** Styles that are used. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** The part of a stream that is needed. */
export interface TextStream {
  readonly isTTY?: boolean;
  write(chunk: string | Uint8Array, done: (error?: Error | null) => void): boolean;
}

/** Writes for one command. */
export class Terminal {
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #colours: boolean;

  /** @param environment `NO_COLOR` turns colours off. */
  constructor(
    stdout: TextStream,
    stderr: TextStream,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#colours = (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  }

  /** Whether a person sees stdout. */
  get showsOutput(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Whether a person sees stderr. */
  get showsNotes(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** Writes to stdout as it is; resolves when it is taken. */
  print(data: string | Uint8Array): Promise<void> {
    return write(this.#stdout, data);
  }

  /** Writes what a command gives with `--format json` to stdout: `printJson<'kv get'>(view)`. */
  printJson<Command extends OutputCommand = never>(value: OutputOf<Command>): Promise<void> {
    return this.print(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** Writes a line to stderr. */
  note(line: string): Promise<void> {
    return write(this.#stderr, `${line}\n`);
  }

  /**
   * Writes rows in columns to stdout. Cells are made harmless.
   *
   * @param head Titles of the columns.
   */
  printTable(head: readonly string[], rows: readonly (readonly string[])[]): Promise<void> {
    const cells = [head, ...rows].map((row) => row.map(toTerminalText));
    const widths = head.map((_, column) =>
      Math.max(...cells.map((row) => row[column]?.length ?? 0)),
    );
    const lines = cells.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
    const [first = '', ...rest] = lines;
    return this.print([this.outStyle('dim', first), ...rest, ''].join('\n'));
  }

  /** Writes names with their values to stdout. Both are made harmless. */
  printFields(fields: readonly (readonly [name: string, value: string])[]): Promise<void> {
    const width = Math.max(0, ...fields.map(([name]) => name.length));
    const lines = fields.map(
      ([name, value]) =>
        `  ${this.outStyle('dim', toTerminalText(name).padEnd(width))}  ${toTerminalText(value)}\n`,
    );
    return this.print(lines.join(''));
  }

  /** Styles text for stdout. */
  outStyle(style: Style, text: string): string {
    return this.showsOutput && this.#colours ? paint(style, text) : text;
  }

  /** Styles text for stderr. */
  noteStyle(style: Style, text: string): string {
    return this.showsNotes && this.#colours ? paint(style, text) : text;
  }
}

function paint(style: Style, text: string): string {
  return styleText(style, text, { validateStream: false });
}

function write(stream: TextStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
