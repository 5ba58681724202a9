/**
 * How far a run of suites is, for people: on a terminal one line that changes in place, with what is done above it;
 * elsewhere a line for each step.
 */
import { clearLine, cursorTo } from 'node:readline';

/** Where progress is written. */
export interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const TICK_MS = 1000;

/** Shows progress until it is closed. */
export class Progress implements Disposable {
  readonly #stream: ProgressStream;
  readonly #suites: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #suite = '';
  #number = 0;
  #step = '';
  #startedMs = 0;

  /** @param suites How many there are. */
  constructor(stream: ProgressStream, suites: number) {
    this.#stream = stream;
    this.#suites = suites;
    if (stream.isTTY === true) this.#timer = setInterval(() => this.#draw(), TICK_MS).unref();
  }

  /** A suite begins. */
  begin(suite: string): void {
    this.#suite = suite;
    this.#number += 1;
    this.#step = '';
    this.#startedMs = performance.now();
    this.#tell(`suite ${suite} (${this.#number} of ${this.#suites})`);
  }

  /** A step of it begins. */
  step(line: string): void {
    this.#step = line.trim();
    this.#tell(line);
  }

  /** The suite is over. */
  end(outcome: 'measured' | 'failed'): void {
    this.#clear();
    this.#stream.write(`${this.#suite}: ${outcome}, ${this.#passed()}\n`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #tell(line: string): void {
    if (this.#timer === undefined) this.#stream.write(`${line}\n`);
    else this.#draw();
  }

  #draw(): void {
    if (this.#suite === '') return;
    this.#clear();
    const text = `[${this.#number}/${this.#suites}] ${this.#suite} ${this.#passed()}  ${this.#step}`;
    this.#stream.write(text.slice(0, (this.#stream.columns ?? 80) - 1));
  }

  #clear(): void {
    if (this.#timer === undefined) return;
    clearLine(this.#stream, 0);
    cursorTo(this.#stream, 0);
  }

  #passed(): string {
    const seconds = Math.round((performance.now() - this.#startedMs) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
