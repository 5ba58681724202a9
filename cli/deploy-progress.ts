/** Tells a person on stderr which steps of a deployment are done. */
import { formatDuration } from '../host/base/units.ts';
import type { Terminal } from './terminal.ts';
import { toTerminalText } from './terminal-text.ts';

const STEP_WIDTH = 12;
const TIME_WIDTH = 9;

/** Writes one line a step; with colours and a tick on a terminal, plain elsewhere. */
export class DeployProgress {
  readonly #terminal: Terminal;
  readonly #shown: boolean;

  /** @param shown Whether anything is written. */
  constructor(terminal: Terminal, shown: boolean) {
    this.#terminal = terminal;
    this.#shown = shown;
  }

  /** A step is done. */
  async step(name: string, ms: number, detail: string): Promise<void> {
    if (!this.#shown) return;
    const terminal = this.#terminal;
    const time = formatDuration(ms).padStart(TIME_WIDTH);
    const text = `${toTerminalText(name).padEnd(STEP_WIDTH)} ${terminal.noteStyle('dim', time)}`;
    const tick = terminal.showsNotes ? `${terminal.noteStyle('green', '✓')} ` : '';
    await terminal.note(`${tick}${text}  ${toTerminalText(detail)}`.trimEnd());
  }
}
