/**
 * The table of every coded error: status, whose mistake it is, message and fix.
 *
 * One table, so that documentation (`docs/errors.md`, held to it by a test), HTTP answers and the CLI
 * cannot drift apart. Codes are never reused. Messages read `Cannot <action> "<value>": <state>`.
 */

/** One row of the table. */
export interface ErrorDefinition {
  /** HTTP status of an answer that carries this code. */
  readonly status: number;
  /** `user`: the caller can mend it. `guest`: the function's own fault. `system`: ours or the machine's. */
  readonly blame: 'user' | 'guest' | 'system';
  /** Template with `{field}` placeholders. */
  readonly message: string;
  /** What to do about it; a template too. */
  readonly fix?: string;
}

const define = <T extends Readonly<Record<string, ErrorDefinition>>>(table: T): T => table;

/** Code → definition. Sections follow the path of a deployment, then that of a request. */
export const ERROR_CODES = define({
  // Anything.
  internal_error: {
    status: 500,
    blame: 'system',
    message: 'Cannot finish the request: {reason}',
    fix: 'See the host log for the cause; this is a bug in the host',
  },
  invalid_digest: {
    status: 400,
    blame: 'user',
    message:
      'Cannot read the digest "{value}": it is not "sha256:" and 64 lowercase hexadecimal digits',
  },
  invalid_name: {
    status: 400,
    blame: 'user',
    message:
      'Cannot use the name "{value}": it is not 1 to 63 of a-z, 0-9 and "-" with a letter or digit at both ends',
    fix: 'Choose a name like "my-app" with --name',
  },
  invalid_size: {
    status: 400,
    blame: 'user',
    message: 'Cannot read the size "{value}": it is not a number with a unit',
    fix: 'Write it like 64MiB, 512KiB or 1GB',
  },
  invalid_duration: {
    status: 400,
    blame: 'user',
    message: 'Cannot read the duration "{value}": it is not a number with a unit',
    fix: 'Write it like 250ms, 10s or 5m',
  },
});

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_CODES;
