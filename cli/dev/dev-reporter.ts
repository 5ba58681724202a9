/** What happens in `faas dev` → lines for a person, or one JSON value a line for a program. */
import type { LineView } from '../../host/admin/views.ts';
import { formatDuration } from '../../host/base/units.ts';
import type { Cli } from '../cli.ts';
import { describeError, errorBody } from '../describe-error.ts';
import type { OutputOf } from '../output/output-schemas.ts';
import { showBuild, summariseBuild } from '../show-build.ts';
import { toTerminalText } from '../terminal-text.ts';
import type { DevRequest } from './start-dev-host.ts';

/** Everything that is told. */
export type DevEvent = Exclude<OutputOf<'dev'>, { readonly event: 'error' }>;

/** Writes for one run. Lines keep their order. */
export class DevReporter {
  readonly #cli: Cli;
  readonly #asJson: boolean;
  #last: Promise<void> = Promise.resolve();

  constructor(cli: Cli, format: 'table' | 'json') {
    this.#cli = cli;
    this.#asJson = format === 'json';
  }

  /** Tells of something. */
  tell(event: DevEvent): Promise<void> {
    return this.#enqueue(() =>
      this.#asJson ? this.#printLine(event) : this.#cli.terminal.print(`${this.#lineOf(event)}\n`),
    );
  }

  /** Tells of an error after which it goes on. */
  fail(error: unknown): Promise<void> {
    return this.#enqueue(() =>
      this.#asJson
        ? this.#printLine({ event: 'error', ...errorBody(error) })
        : describeError(error, this.#cli),
    );
  }

  #printLine(event: OutputOf<'dev'>): Promise<void> {
    return this.#cli.terminal.print(`${JSON.stringify(event)}\n`);
  }

  #enqueue(write: () => Promise<void>): Promise<void> {
    // What cannot be written, because nobody reads any more, is no reason to stop.
    this.#last = this.#last.then(write).catch(() => undefined);
    return this.#last;
  }

  #lineOf(event: DevEvent): string {
    const { terminal } = this.#cli;
    const dim = (text: string): string => terminal.outStyle('dim', text);
    switch (event.event) {
      case 'host':
        return dim(
          `private host at ${event.url}; "faas … --data-dir ${event.dataDir}" talks to it`,
        );
      case 'building':
        return showBuild(event.command, terminal);
      case 'built':
        return `${dim('built')} ${summariseBuild(event)}`;
      case 'deployed': {
        const urls = event.urls.map(toTerminalText).join('  ');
        const how = dim(`version ${event.version}, live in ${formatDuration(event.ms)}`);
        return `${terminal.outStyle('green', toTerminalText(event.name))} ${urls} ${how}`;
      }
      case 'changed':
        return `${dim('changed')} ${event.paths.slice(0, 3).map(toTerminalText).join(', ')}`;
      case 'request':
        return this.#requestLine(event);
      case 'log':
        return this.#logLine(event.line);
      case 'note':
        return terminal.outStyle('yellow', toTerminalText(event.text));
    }
  }

  /** What the host says of a function, such as why it trapped, stands out. */
  #logLine({ stream, text }: LineView): string {
    const { terminal } = this.#cli;
    const shown = toTerminalText(text);
    const line = stream === 'host' ? terminal.outStyle('yellow', shown) : shown;
    return `${terminal.outStyle('dim', `[${stream}]`)} ${line}`;
  }

  #requestLine({ method, url, status, ms, complete }: DevRequest): string {
    const { terminal } = this.#cli;
    const style = status >= 500 || !complete ? 'red' : status >= 400 ? 'yellow' : 'green';
    const shown = status === 0 ? 'broken off' : `${status}${complete ? '' : ' broken off'}`;
    const time = terminal.outStyle('dim', formatDuration(ms));
    return `${toTerminalText(`${method} ${url}`)} ${terminal.outStyle(style, shown)} ${time}`;
  }
}
