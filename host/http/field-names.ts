/**
 * Names of header fields as they arrive → in lower case, with what this host does with such a field. Clients send the
 * same few names again and again, so a table remembers them: one look-up instead of a new string and a
 * dozen comparisons for each field.
 */
import { isConnectionField } from './fields.ts';

/** What is done with a field: read on arrival, passed on as it is, or both. */
export type FieldRole =
  /** The function gets it. */
  | 'plain'
  /** Nobody gets it. */
  | 'dropped'
  /** One of `x-forwarded-*`: the function gets it from a trusted proxy. */
  | 'claim'
  | 'host'
  | 'content-length'
  | 'transfer-encoding'
  | 'connection'
  | 'upgrade'
  | 'expect'
  | 'x-request-id'
  | 'traceparent'
  | 'tracestate'
  | 'forwarded'
  | 'x-forwarded-for'
  | 'x-forwarded-proto'
  | 'x-forwarded-host'
  | 'x-forwarded-prefix';

/** A name and what it is about. */
export interface FieldName {
  /** Lower case. */
  readonly name: string;
  readonly role: FieldRole;
}

/** Names that are remembered; a client that invents more only makes its own requests slower. */
const MOST_NAMES = 1024;

/** Fields that are read on arrival, and not passed on as they are. */
const READ: ReadonlySet<string> = new Set<FieldRole>([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'expect',
  'x-request-id',
  'traceparent',
  'tracestate',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-prefix',
]);

/** The names met so far. */
export class FieldNames {
  readonly #names = new Map<string, FieldName>();

  /** @param raw As it arrived, in any case. */
  get(raw: string): FieldName {
    return this.#names.get(raw) ?? this.#learn(raw);
  }

  #learn(raw: string): FieldName {
    const name = raw.toLowerCase();
    const known = { name, role: roleOf(name) };
    if (this.#names.size >= MOST_NAMES) this.#names.clear();
    this.#names.set(raw, known);
    return known;
  }
}

function roleOf(name: string): FieldRole {
  if (READ.has(name)) return name as FieldRole;
  if (name === 'x-real-ip' || isConnectionField(name)) return 'dropped';
  return name.startsWith('x-forwarded-') ? 'claim' : 'plain';
}
