/**
 * Every setting of the host: its key, its meaning, its default. Validated once at start, strictly,
 * then frozen. `docs/configuration.md` is held to this table by a test.
 *
 * Sizes and durations may be numbers (in the unit of the key) or text: `"64MiB"`, `"10s"`.
 */
import { z } from 'zod';
import { parseDuration, parseSize } from '../base/units.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const size = (defaultBytes: number): z.ZodDefault<z.ZodType<number, number | string>> =>
  z
    .union([z.number().int().nonnegative(), z.string().transform(readWith(parseSize))])
    .pipe(z.number())
    .default(defaultBytes);
const optionalSize = (): z.ZodOptional<z.ZodType<number, number | string>> =>
  z
    .union([z.number().int().nonnegative(), z.string().transform(readWith(parseSize))])
    .pipe(z.number().min(MIB))
    .optional();
const duration = (
  defaultMs: number,
  leastMs = 0,
): z.ZodDefault<z.ZodType<number, number | string>> =>
  z
    .union([z.number().nonnegative(), z.string().transform(readWith(parseDuration))])
    .pipe(z.number().min(leastMs))
    .default(defaultMs);
const count = (defaultCount: number, least = 0): z.ZodDefault<z.ZodNumber> =>
  z.number().int().min(least).default(defaultCount);

/** Makes text that `parse` refuses an issue of the setting, so that the message names its key. */
function readWith(
  parse: (text: string) => number,
): (text: string, context: z.RefinementCtx) => number {
  return (text, context) => {
    try {
      return parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'not a number with a unit' });
      return z.NEVER;
    }
  };
}

/** Limits a version gets where its deployment names none. */
const defaults = z.strictObject({
  memoryBytes: size(128 * MIB).describe('linear memory of one instance'),
  timeoutMs: duration(30_000, 1).describe('wall-clock time of one invocation'),
  cpuMs: duration(5000, 1).describe('CPU time of one invocation; at most its timeout'),
  concurrency: count(64, 1).describe('invocations of one version at once'),
  queue: count(256).describe('requests that wait when all places are taken; more get 503'),
  requestBodyBytes: size(64 * MIB).describe('largest request body'),
  responseBodyBytes: size(1024 * MIB).describe('largest response body'),
  logBytes: size(64 * KIB).describe('stdout and stderr kept of one invocation'),
});

/** The data plane's own limits against slow and oversized clients. */
const http = z.strictObject({
  headerBytes: size(16 * KIB).describe('request line and header fields of a request'),
  headersTimeoutMs: duration(10_000).describe('time a client has to send its header'),
  requestTimeoutMs: duration(300_000).describe('time a client has to send its whole request'),
  keepAliveTimeoutMs: duration(65_000).describe('time an idle connection stays open'),
  connections: count(20_000, 1).describe('open connections; more are closed at once'),
});

const deploy = z.strictObject({
  artifactBytes: size(64 * MIB).describe('largest uploaded artifact'),
  snapshotBytes: size(64 * MIB).describe('largest uploaded directory snapshot, all files together'),
  snapshotFiles: count(10_000).describe('most files in a directory snapshot'),
  timeoutMs: duration(60_000, 1).describe('time the preparing process has'),
  memoryBytes: size(2048 * MIB).describe('resident memory the preparing process may take'),
  concurrency: count(2, 1).describe('preparing processes at once'),
  imports: count(2000).describe('most imports of one component, all kinds together'),
});

/** What all functions of the host share. */
const limits = z.strictObject({
  memoryBytes: optionalSize().describe(
    'memory and tables of all instances together; at it new ones get 503',
  ),
  mappings: z
    .number()
    .int()
    .min(100)
    .optional()
    .describe('memory mappings of all instances together; at it new ones get 503'),
  coldAllowanceMs: duration(250).describe(
    'CPU time on top of its limit for the first invocation after a module was loaded',
  ),
});

/** Bounds of the key-value stores; those that concern time or waiting are of one process of the host. */
const keyValue = z.strictObject({
  storeBytes: size(256 * MIB).describe(
    'keys, values and metadata of one store, and 64 bytes for each key; more are refused',
  ),
  valueBytes: size(MIB).describe('largest value'),
  keyBytes: size(KIB).describe('longest key, in UTF-8'),
  metadataBytes: size(KIB).describe('longest metadata of a key, in UTF-8'),
  keysAtOnce: count(1000, 1).describe('keys of one page of a list, or of one batch'),
  callBytes: size(4 * MIB).describe('values that one call reads or writes together'),
  queue: count(4096, 1).describe('calls that wait at once; more fail'),
  queueBytes: size(64 * MIB).describe('keys and values of the calls that wait; more fail'),
  timeoutMs: duration(5000, 100).describe('time that a call has, waiting included'),
});

/** The whole configuration. */
export const configSchema = z.strictObject({
  listen: z
    .string()
    .default('127.0.0.1:8080')
    .describe('address of the data plane, host:port; port 0 takes a free one'),
  admin: z
    .string()
    .default('127.0.0.1:8081')
    .describe('address of the admin API: host:port, or unix:/path for a UNIX socket'),
  dataDir: z.string().min(1).describe('where everything is kept; default: the user data directory'),
  workers: z
    .union([z.literal('auto'), z.number().int().min(1).max(1024)])
    .default('auto')
    .describe('processes that serve; auto: one for each core; 1: everything in one process'),
  watchdogMs: duration(2000, 100).describe(
    'time after which a worker whose event loop does not answer is killed and replaced',
  ),
  drainTimeoutMs: duration(10_000).describe(
    'time that requests under way have when a host or worker ends',
  ),
  tls: z
    .strictObject({
      cert: z.string().min(1).optional().describe('PEM file with the certificate and its chain'),
      key: z.string().min(1).optional().describe('PEM file with its private key'),
    })
    .prefault({})
    .describe('TLS on the data plane'),
  logLevel: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .describe('least severe line that is logged'),
  domain: z
    .string()
    .min(1)
    .toLowerCase()
    .default('localhost')
    .describe('a function NAME answers at http://NAME.<domain>/'),
  trustedProxies: z
    .array(z.string())
    .default([])
    .describe('addresses or CIDR ranges whose forwarded headers count'),
  defaults: defaults.prefault({}).describe('limits of a version that names none'),
  limits: limits.prefault({}).describe('limits of the host'),
  http: http.prefault({}).describe('limits of the data plane'),
  deploy: deploy.prefault({}).describe('limits of a deployment'),
  keyValue: keyValue.prefault({}).describe('key-value stores'),
  cache: z
    .strictObject({
      moduleBytes: size(512 * MIB).describe('compiled modules kept, by the size of their code'),
    })
    .prefault({})
    .describe('the module cache'),
  metrics: z
    .strictObject({
      maxFunctions: count(200).describe(
        'functions with series of their own; the rest counts as function="other"',
      ),
      open: z
        .enum(['loopback', 'always', 'never'])
        .default('loopback')
        .describe('who reads /metrics without a token'),
    })
    .prefault({})
    .describe('Prometheus metrics'),
  logs: z
    .strictObject({
      linesPerFunction: count(1000).describe('guest log lines kept in memory for each function'),
    })
    .prefault({})
    .describe('guest logs'),
});

/** The validated, frozen configuration. */
export type Config = Readonly<z.infer<typeof configSchema>>;
