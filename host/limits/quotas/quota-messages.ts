/**
 * What the workers of a host and the authority over its quotas tell each other, as plain data, and the checks of what a
 * worker says. Messages travel in order, several at a time; a connection begins with the worker's `join`.
 *
 * What is counted (places, places in the queue, instances, chunks of memory) is lent to workers in units: `claim`, `grant`,
 * `recall`, `short`. Requests a second are tokens: `ask`, `tokens`. CPU time is told to all others: `cpu`.
 */
import { z } from 'zod';
import { WINDOW_SECONDS, type CpuCell } from '../cpu-window.ts';

/** What of a version is counted. */
export type QuotaKind = 'places' | 'queue' | 'instances';

/** Longest key: a kind, a namespace, a function, two numbers. */
const keySchema = z.string().min(1).max(256);
const unitsSchema = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31);
const cellsSchema = z
  .array(
    z.tuple([
      z
        .number()
        .int()
        .min(0)
        .max(WINDOW_SECONDS - 1),
      z.number().min(0).max(120_000),
    ]),
  )
  .max(WINDOW_SECONDS);

/** One message of a worker. */
const workerMessageSchema = z.discriminatedUnion('kind', [
  /** What it holds and knows: after its start nothing, after it lost the supervisor what it had. */
  z.strictObject({
    kind: z.literal('join'),
    held: z.array(z.tuple([keySchema, unitsSchema])).max(100_000),
    cpu: z.array(z.tuple([keySchema, cellsSchema])).max(20_000),
  }),
  /**
   * It gives back `release` units and would use `need` units now if it had them: those in use and those it waits for.
   * `answers`: the recall that was taken notice of.
   */
  z.strictObject({
    kind: z.literal('claim'),
    key: keySchema,
    need: unitsSchema,
    release: unitsSchema,
    answers: unitsSchema.optional(),
  }),
  /** It wants tokens, and puts some back. Wanting any is answered. */
  z.strictObject({
    kind: z.literal('ask'),
    key: keySchema,
    want: unitsSchema,
    unused: unitsSchema,
  }),
  /** It has charged a function with CPU time; 0 asks for what is known of the last minute. */
  z.strictObject({ kind: z.literal('cpu'), key: keySchema, ms: z.number().min(0).max(3_600_000) }),
]);

/** What arrives at the authority at a time. */
export const workerMessagesSchema = z.array(workerMessageSchema).max(200_000);

/** What a worker tells the authority. */
export type WorkerQuotaMessage = z.infer<typeof workerMessageSchema>;

/** What the authority tells a worker. */
export type AuthorityQuotaMessage =
  /**
   * How many workers there are: what each may do while there is no authority follows from it. `portion` of `portions`, from 0,
   * tells the worker's part of what is wanted once for the host; null: it has none.
   */
  | {
      readonly kind: 'peers';
      readonly count: number;
      readonly portion: number | null;
      readonly portions: number;
    }
  /** The worker has these units more. */
  | { readonly kind: 'grant'; readonly key: string; readonly units: number }
  /**
   * Others lack units. Up to `idle` that are not in use are to be given back, also later ones; `due` of them
   * also if the worker could use them itself. Replaces the recall before. Answered by the next `claim`, unless both are 0.
   */
  | {
      readonly kind: 'recall';
      readonly key: string;
      readonly id: number;
      readonly idle: number;
      readonly due: number;
    }
  /** Everything is in use: what the worker lacks it has to wait for. */
  | { readonly kind: 'short'; readonly key: string }
  /** Tokens to use within 100 ms; if none, when to ask again. */
  | {
      readonly kind: 'tokens';
      readonly key: string;
      readonly units: number;
      readonly retryMs: number;
    }
  /** CPU time that other workers have used. */
  | { readonly kind: 'cpu'; readonly key: string; readonly cells: readonly CpuCell[] };
