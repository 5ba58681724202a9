/**
 * Counts what one instance takes: linear memory against the version's limit, and with its tables, mappings
 * and calls against the host's budget. The host creates every memory, and every `memory.grow` and `table.grow`
 * of a guest ends here; a refusal is remembered, because a guest that traps after one ran out of memory
 * rather than into a bug.
 */
import type { HostBudget } from './host-budget.ts';

/** Bytes in a page of linear memory. */
export const PAGE_BYTES = 65_536;

/** What an entry of a table takes in V8: a reference, and what it is dispatched with. */
const TABLE_ENTRY_BYTES = 16;
/** Tables up to this size do not count against the version's limit: toolchains make them, not authors. */
const FREE_TABLE_BYTES = 1024 * 1024;
/** Most bytes of all tables: one instruction copies or fills a whole table, and nothing can interrupt it. */
const MAX_TABLE_BYTES = 2 * 1024 * 1024;
/** Mappings of a memory: its pages, and the guard around them. */
const MEMORY_MAPPINGS = 2;
/** Mappings of a call that is suspended: its stack, and the guards around it. */
const CALL_MAPPINGS = 3;

/** Who refused memory: the limit of the version, or the budget of the host. */
export type Refusal = 'version' | 'host';

/** The budget of one instance. */
export class MemoryAccount {
  readonly limitBytes: number;
  readonly #host: HostBudget | undefined;
  #bytes = 0;
  #tableBytes = 0;
  #mappings = 0;
  #refusal: Refusal | undefined;
  #lacking: 'memory' | 'mappings' = 'memory';
  #closed = false;

  /**
   * @param limitBytes Most bytes of all the instance's memories together.
   * @param host What is charged as well; absent: nothing.
   */
  constructor(limitBytes: number, host?: HostBudget) {
    this.limitBytes = limitBytes;
    this.#host = host;
  }

  /** Bytes of linear memory charged now; memories only grow, so this is the peak as well. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Who refused the guest memory last, since the last `forgetRefusal`. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** Whether the guest was refused memory since the last `forgetRefusal`. */
  get refused(): boolean {
    return this.#refusal !== undefined;
  }

  /** What the host had not enough of when it refused: for the message. */
  get lacking(): 'memory' | 'mappings' {
    return this.#lacking;
  }

  /** Starts a new invocation on the same instance. */
  forgetRefusal(): void {
    this.#refusal = undefined;
  }

  /**
   * Charges a new memory if it fits.
   *
   * @returns False if it does not; then nothing is charged.
   */
  openMemory(pages: number): boolean {
    return this.#chargePages(pages, MEMORY_MAPPINGS);
  }

  /**
   * Charges pages that a memory grows by, if they fit.
   *
   * @returns False if they do not; then nothing is charged.
   */
  charge(pages: number): boolean {
    return this.#chargePages(pages, 0);
  }

  /** Gives back pages that were charged and then not taken. */
  refund(pages: number): void {
    if (this.#closed) return;
    const bytes = pages * PAGE_BYTES;
    this.#bytes -= bytes;
    this.#host?.release(bytes, 0);
  }

  /**
   * Charges entries of a new table, or ones that it grows by. Up to 65,536 entries count for the host alone.
   *
   * @returns False if they do not fit; then nothing is charged.
   */
  chargeTable(entries: number): boolean {
    const bytes = entries * TABLE_ENTRY_BYTES;
    if (this.#tableBytes + bytes > MAX_TABLE_BYTES) return this.#refuse('version');
    const counted = Math.max(0, this.#tableBytes + bytes - FREE_TABLE_BYTES);
    if (this.#bytes + counted > this.limitBytes) return this.#refuse('version');
    if (!this.#chargeHost(bytes, 0)) return false;
    this.#tableBytes += bytes;
    return true;
  }

  /** Gives back entries that were charged and then not taken. */
  refundTable(entries: number): void {
    if (this.#closed) return;
    const bytes = entries * TABLE_ENTRY_BYTES;
    this.#tableBytes -= bytes;
    this.#host?.release(bytes, 0);
  }

  /**
   * Before a call, which may be suspended.
   *
   * @returns False if the host has no mappings left for its stack.
   */
  beginCall(): boolean {
    return this.#chargeHost(0, CALL_MAPPINGS);
  }

  /** After a call for which `beginCall` gave true. */
  endCall(): void {
    if (this.#closed) return;
    this.#mappings -= CALL_MAPPINGS;
    this.#host?.release(0, CALL_MAPPINGS);
  }

  /**
   * The instance is gone: gives the host back all it took. Nothing is charged from then on. Idempotent.
   *
   * @param keptBytes How much of that is no garbage, but used again.
   */
  close(keptBytes = 0): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host?.close(this.#bytes + this.#tableBytes, this.#mappings, keptBytes);
  }

  #chargePages(pages: number, mappings: number): boolean {
    const bytes = pages * PAGE_BYTES;
    const tables = Math.max(0, this.#tableBytes - FREE_TABLE_BYTES);
    if (this.#bytes + tables + bytes > this.limitBytes) return this.#refuse('version');
    if (!this.#chargeHost(bytes, mappings)) return false;
    this.#bytes += bytes;
    return true;
  }

  #chargeHost(bytes: number, mappings: number): boolean {
    if (this.#closed) return this.#refuse('version');
    const lacking = this.#host?.charge(bytes, mappings);
    if (lacking !== undefined) {
      this.#lacking = lacking;
      return this.#refuse('host');
    }
    this.#mappings += mappings;
    return true;
  }

  #refuse(by: Refusal): false {
    this.#refusal = by;
    return false;
  }
}
