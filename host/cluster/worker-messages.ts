/** What the supervisor and the workers tell each other, as plain data, and the checks of what a worker says. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseDigest } from '../base/ids.ts';
import type { Config } from '../config/schema.ts';
import type { CollectedBody } from '../invoke/collected-response.ts';
import type { QuarantinedFunction } from '../invoke/function-quarantine.ts';
import type { RouteState } from './route-changes.ts';

/** A worker introduces itself, at its start and whenever it has lost the supervisor. */
export const helloSchema = z.strictObject({
  worker: z.string().regex(/^worker-\d{1,9}$/),
  pid: z.number().int().positive(),
  release: z.string().max(64),
  /** Epoch of the routes it has; -1: none. */
  epoch: z.number().int().min(-1),
  /** Whether it serves. */
  ready: z.boolean(),
  /** Digest of the configuration it runs with; absent: it has none yet. */
  config: z.string().max(64).optional(),
});
export type Hello = z.infer<typeof helloSchema>;

/** Tells configurations apart. */
export function configDigest(config: Config): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex');
}

/** The answer to it. */
export interface Welcome {
  readonly config: Config;
  /** Absent if the worker has it already. */
  readonly routes?: RouteState;
  readonly quarantined: readonly QuarantinedFunction[];
}

/** The other answer to it: nobody looks after the worker, and it is to end when it has said what it has to say. */
export interface Dismissal {
  readonly dismissed: true;
}

const lineSchema = z.strictObject({
  atMs: z.number(),
  function: z.string().min(1).max(63),
  version: z.number().int().nonnegative(),
  requestId: z.string().max(128),
  stream: z.enum(['stdout', 'stderr', 'host', 'log']),
  text: z.string().max(1024 * 1024),
});

/** Lines of guests, numbered one by one from 0. */
export const linesSchema = z.strictObject({
  first: z.number().int().nonnegative(),
  lines: z.array(lineSchema).max(10_000),
});

/** Asks to see to stored bytes that could not be read. */
export const artifactSchema = z.strictObject({
  digest: z.string().transform((text) => parseDigest(text)),
});

/** The answer: nothing if they can be read now, or else the files of a prepared artifact, in base64. */
export interface ArtifactAnswer {
  readonly files?: Readonly<Record<string, string>>;
}

/** One call of `faas invoke`. */
export interface WireCall {
  readonly function: string;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly method: string;
  readonly authority: string;
  readonly pathWithQuery: string;
  /** Values in Latin-1. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodyBase64: string;
}

const outcomes = [
  'ok',
  'guest_error',
  'trap',
  'cpu_limit',
  'memory_limit',
  'timeout',
  'cancelled',
  'overloaded',
  'instance_lost',
  'host_error',
] as const;

const bodySchema: z.ZodType<CollectedBody> = z.strictObject({
  status: z.number().int().min(0).max(999),
  headers: z.array(z.tuple([z.string(), z.string()])),
  bodyBase64: z.string(),
  truncated: z.boolean(),
  aborted: z.string().exactOptional(),
});

/** What came of it. */
export const callResultSchema = z.strictObject({
  outcome: z.enum(outcomes),
  error: z
    .strictObject({
      code: z.string(),
      fields: z.record(z.string(), z.union([z.string(), z.number()])),
    })
    .optional(),
  start: z.enum(['cold', 'warm', 'hot']).optional(),
  cpuMs: z.number().optional(),
  response: bodySchema.optional(),
});
export type WireCallResult = z.infer<typeof callResultSchema>;

/** Lines about the instances of a version. */
export const describeSchema = z.array(z.string().max(1000)).max(100);
