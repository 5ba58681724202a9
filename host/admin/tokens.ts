/**
 * The admin tokens of this host: who a presented token belongs to, and new ones.
 *
 * Records are few and are kept in memory, so that a flood of wrong tokens costs no storage.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Registry, TokenRecord } from '../registry/registry.ts';
import { createToken, parseToken, type NewToken, type Scope } from './token-format.ts';

/** Compared with when no such id exists, so that an answer takes as long as for one that does. */
const NO_SECRET = Buffer.alloc(32);

/** Verifies and makes tokens. */
export class Tokens {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #records: Map<string, TokenRecord>;

  private constructor(registry: Registry, clock: Clock, records: readonly TokenRecord[]) {
    this.#registry = registry;
    this.#clock = clock;
    this.#records = new Map(records.map((record) => [record.id, record]));
  }

  /** Reads the records. */
  static async open(registry: Registry, clock: Clock): Promise<Tokens> {
    return new Tokens(registry, clock, await registry.loadTokens());
  }

  /** Whose token this is, or undefined if it is nobody's. Takes the same time for every wrong one. */
  find(text: string): TokenRecord | undefined {
    const presented = parseToken(text);
    if (presented === undefined) return undefined;
    const record = this.#records.get(presented.id);
    const kept = record === undefined ? NO_SECRET : Buffer.from(record.secretHash, 'hex');
    const same = kept.length === 32 && timingSafeEqual(presented.secretHash, kept);
    return same ? record : undefined;
  }

  /** All records, oldest first. */
  list(): readonly TokenRecord[] {
    return [...this.#records.values()].sort((a, b) => a.createdMs - b.createdMs);
  }

  /**
   * Makes a token and remembers it.
   *
   * @param by Id of the token that asks for it.
   * @throws {token_exists} If there is one of that name.
   */
  async add(name: string, scopes: readonly Scope[], by: string): Promise<NewToken> {
    const token = createToken(name, scopes, this.#clock.wallMs());
    await this.#registry.addToken(token.record, by);
    this.#records.set(token.record.id, token.record);
    return token;
  }
}
