/**
 * `HostError`: the one error type that leaves this host, always with a code from `error-codes.ts`.
 *
 * Three kinds of failure have three types (docs/architecture.md): a `WitError` is a value that the
 * guest sees, a trap ends an instance, and a `HostError` is an answer to a person.
 */
import { ERROR_CODES, type ErrorCode, type ErrorDefinition } from './error-codes.ts';

/** What a message template may be filled with. */
export type ErrorFields = Readonly<Record<string, string | number>>;

/** A coded error: what happened, why, and how to fix it. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: ErrorCode;
  /** HTTP status an interface answers with, 400 to 599. */
  readonly status: number;
  /** Whose mistake it is: decides log level and whether details are shown. */
  readonly blame: ErrorDefinition['blame'];
  /** What to do about it, if known. */
  readonly fix: string | undefined;
  readonly fields: ErrorFields;

  /**
   * @param code A code of the table in `error-codes.ts`.
   * @param fields Values for the `{placeholders}` in the code's message and fix.
   * @param options `cause`: the error underneath.
   */
  constructor(code: ErrorCode, fields: ErrorFields = {}, options: { cause?: unknown } = {}) {
    const definition: ErrorDefinition = ERROR_CODES[code];
    super(fill(definition.message, fields), options);
    this.code = code;
    this.status = definition.status;
    this.blame = definition.blame;
    this.fix = definition.fix === undefined ? undefined : fill(definition.fix, fields);
    this.fields = fields;
  }

  /** The form in which HTTP bodies and the CLI carry an error. */
  toJSON(): ErrorBody {
    const body: ErrorBody = { code: this.code, message: this.message };
    return this.fix === undefined ? body : { ...body, fix: this.fix };
  }
}

/** A coded error as JSON: the body of every error answer of the host. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  fix?: string;
}

/**
 * Gives any thrown value as a `HostError`: itself, or wrapped as `internal_error` with its cause.
 *
 * @param error Whatever was caught.
 */
export function toHostError(error: unknown): HostError {
  if (error instanceof HostError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new HostError('internal_error', { reason }, { cause: error });
}

function fill(template: string, fields: ErrorFields): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, key: string) => String(fields[key] ?? whole));
}
