/**
 * What the admin API answers, as schemas: the types of `host/admin/views.ts` and of the command line are inferred
 * from them, `/openapi.json` is generated from them, and tests hold real answers against them.
 *
 * Objects are strict here, so that tests notice what is not described; clients must not mind fields of later releases.
 */
import { z } from 'zod';

const text = z.string();
const list = z.array(text).readonly();
const count = z.int().min(0);
const whenMs = z.number().describe('ms since 1970, UTC');
const present = <Shape extends z.ZodType>(schema: Shape): z.ZodExactOptional<Shape> =>
  z.exactOptional(schema);

/** Text that names bytes. */
export const digestText = text
  .regex(/^sha256:[0-9a-f]{64}$/)
  .describe('SHA-256 of bytes, like "sha256:9f86…"');

/** Every error of the API. */
export const errorView = z
  .strictObject({
    code: text.describe('one of docs/errors.md'),
    message: text,
    fix: present(text).describe('what to do, where we know'),
  })
  .meta({ id: 'Error' });

const limitsView = z
  .strictObject({
    memoryBytes: count.describe('linear memory of one instance'),
    timeoutMs: count.describe('wall-clock time of one invocation'),
    cpuMs: count.describe('CPU time of one invocation'),
    concurrency: count.describe('invocations at once'),
    queue: count.describe('requests that may wait for a place'),
    requestBodyBytes: count,
    responseBodyBytes: count,
    logBytes: count.describe('stdout and stderr kept of one invocation'),
  })
  .meta({ id: 'Limits' });

const instancesView = z
  .strictObject({
    min: count.describe('kept ready, also when nothing calls'),
    max: count,
    reuseCount: count,
    concurrentReuseCount: count,
    maxAgeMs: count,
    idleTimeoutMs: count,
    snapshot: z.enum(['auto', 'shared-seed', 'never']),
  })
  .meta({ id: 'Instances' });

const budgetView = z
  .strictObject({
    requestsPerSecond: present(z.number()),
    cpuMsPerMinute: present(z.number()),
  })
  .describe('what all invocations may use over time; absent is unlimited')
  .meta({ id: 'Budget' });

const routeView = z
  .strictObject({
    host: text.describe('name, "*" or "*.example.com"'),
    path: text.describe('"/v1/*" or "/exact"'),
  })
  .meta({ id: 'Route' });

/** A version. */
export const versionView = z
  .strictObject({
    function: text,
    version: count,
    live: z.boolean(),
    kind: text.describe('"http" or "command"'),
    artifact: digestText,
    artifactBytes: count,
    isolation: text.describe('"request" or "reuse"'),
    limits: limitsView,
    instances: instancesView,
    budget: budgetView,
    serverTiming: z.boolean(),
    environment: list.describe('names of environment variables; values are never shown'),
    config: list.describe('names of configuration values; values are never shown'),
    secrets: list.describe('names of secrets; values are never shown'),
    keyValue: z.array(z.strictObject({ label: text, shared: present(text) })).readonly(),
    allowedHosts: list,
    directories: list,
    files: z.strictObject({ count, bytes: count }),
    createdMs: whenMs,
    createdBy: text.describe('id of a token'),
  })
  .meta({ id: 'Version' });

/** A function. */
export const functionView = z
  .strictObject({
    name: text,
    live: versionView,
    routes: z.array(routeView).readonly(),
    urls: list.describe('where it answers; the first one is the best to try'),
    createdMs: whenMs,
    updatedMs: whenMs,
  })
  .meta({ id: 'Function' });

/** A function with what deploy found out about its live version, and how its instances are got and why. */
export const functionDetails = functionView
  .extend({ findings: list.describe('sentences for people') })
  .meta({ id: 'FunctionDetails' });

/** What a deployment came to. */
export const deployResult = z
  .strictObject({
    result: z.enum(['created', 'unchanged']),
    kind: text,
    findings: list,
    version: versionView,
    urls: list,
  })
  .meta({ id: 'DeployResult' });

/** One line of the answer of a deployment. */
export const deployLine = z
  .union([
    z.strictObject({ step: z.strictObject({ step: text, ms: z.number(), detail: text }) }),
    z.strictObject({ result: deployResult }),
    z.strictObject({ error: errorView.extend({ status: count }).meta({ id: 'DeployError' }) }),
  ])
  .meta({ id: 'DeployLine' });

/** What came of asking that a function runs again. */
export const resumeView = z.strictObject({
  name: text,
  resumed: z.boolean().describe('false if it was not in quarantine'),
});

/** What came of evicting a function. */
export const evictView = z.strictObject({
  name: text,
  modules: count.describe('processes that had its module in their cache'),
});

/** What came of deleting a function, or a key. */
export const deletedView = z.strictObject({ deleted: text });

/** What a reload came to. */
export const reloadView = z.strictObject({
  workers: count.describe('replaced; 0 if a new supervisor takes over and will do so'),
  ms: z.number(),
});

/** A token: never its secret, not even hashed. */
export const tokenView = z
  .strictObject({
    id: text,
    name: text,
    scopes: z.array(z.enum(['read', 'deploy', 'admin'])).readonly(),
    createdMs: whenMs,
  })
  .meta({ id: 'Token' });

/** A new token; the only answer that holds the token itself. */
export const newTokenView = tokenView
  .extend({ token: text.describe('shown only now') })
  .meta({ id: 'NewToken' });

/** A line that a guest has written, or the host about it. */
export const lineView = z
  .strictObject({
    atMs: whenMs,
    function: text,
    version: count,
    requestId: text,
    stream: z.enum(['stdout', 'stderr', 'host', 'log']),
    text: text.describe('without line end'),
  })
  .meta({ id: 'LogLine' });

/** One line of the answer of `logs`. */
export const logEvent = z
  .union([
    z.strictObject({ line: lineView }),
    z.strictObject({ lost: count.describe('lines that came too fast to show') }),
    z.strictObject({ following: text }),
  ])
  .meta({ id: 'LogEvent' });

/** An invocation. */
export const invocationView = z
  .strictObject({
    requestId: text,
    version: count,
    outcome: text.describe('"ok", or how it failed'),
    start: present(text).describe('"cold", "warm" or "hot"; absent if no instance was got'),
    error: present(errorView),
    durationMs: z.number(),
    cpuMs: present(z.number()),
    status: count,
    headers: z.array(z.tuple([text, text]).readonly()).readonly(),
    bodyBase64: text,
    truncated: z.boolean(),
    logs: z.array(lineView).readonly(),
  })
  .meta({ id: 'Invocation' });

/** The host. */
export const hostView = z
  .strictObject({
    version: text.describe('release'),
    node: text,
    v8: text,
    platform: text,
    pid: count,
    engine: text,
    uptimeSeconds: count,
    dataUrl: text.optional(),
    adminUrl: text.optional(),
    dataDir: text,
    domain: text,
    functions: count,
    limits: z.strictObject({ artifactBytes: count, snapshotBytes: count, snapshotFiles: count }),
  })
  .meta({ id: 'Host' });

/** A route with what it leads to. */
export const routeTargetView = z.strictObject({
  host: text,
  path: text,
  function: text,
  version: count,
});

/** Who changed what and when. */
export const changeView = z
  .strictObject({
    atMs: whenMs,
    by: text.describe('id of a token'),
    action: z.enum(['deploy', 'rollback', 'delete', 'token-create']),
    namespace: text,
    function: text.optional(),
    detail: text,
  })
  .meta({ id: 'Change' });

/** A value of a key-value store. */
export const keyValueView = z.strictObject({
  valueBase64: text,
  metadata: text.optional(),
  expiresAtMs: whenMs.optional(),
  revision: count,
});

/** A key of a store. */
export const keyView = z.strictObject({
  key: text,
  size: count.describe('of the value, bytes'),
  metadata: text.optional(),
  expiresAtMs: whenMs.optional(),
});

/** A page of keys. */
export const keyListView = z.strictObject({
  keys: z.array(keyView).readonly(),
  cursor: text.optional().describe('where the next page begins; absent on the last one'),
});
