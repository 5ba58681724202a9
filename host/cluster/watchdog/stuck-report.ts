/** What a watchdog says last, before it kills its process; and the check of it, because the process ran guests. */
import { z } from 'zod';
import { HostError } from '../../base/errors.ts';
import type { FunctionName } from '../../base/ids.ts';

/** Notice by which it is told, over a connection of its own. */
export const STUCK_METHOD = 'worker.stuck';

/** A worker whose event loop does not answer, and that is dead in a moment. */
export interface StuckReport {
  /** `worker-7`. */
  readonly worker: string;
  /** Of that worker, by its own account. */
  readonly pid: number;
  /** The function that was running all the time; null if none was, or it cannot be said. */
  readonly function: FunctionName | null;
  /** For how long the loop was seen to stand still, ms. */
  readonly stuckMs: number;
}

const schema = z.strictObject({
  worker: z.string().regex(/^worker-\d{1,9}$/),
  pid: z.number().int().positive(),
  function: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
    .transform((name) => name as FunctionName)
    .nullable(),
  stuckMs: z.number().int().nonnegative(),
});

/**
 * Checks the parameters of a notice.
 *
 * @throws {invalid_request} If they are anything else.
 */
export function parseStuckReport(params: unknown): StuckReport {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  throw new HostError('invalid_request', { reason: 'it is no report of a watchdog' });
}
