/**
 * What every command writes to stdout with `--format json`, as schemas: `sdk/schema/cli-output.schema.json` is
 * generated from them, what commands print is typed by them, and a test holds the real output of each against them.
 */
import { z } from 'zod';
import * as view from '../../host/admin/api/view-schemas.ts';

const text = z.string();
const list = z.array(text).readonly();
const count = z.int().min(0);
const counts = z.record(text, z.number()).readonly();

/** A list, or the value alone where there is one: an application has several functions. */
const oneOrMore = <Item extends z.ZodType>(
  item: Item,
): z.ZodUnion<readonly [Item, z.ZodReadonly<z.ZodArray<Item>>]> =>
  z.union([item, z.array(item).readonly()]);

const buildFields = {
  name: text,
  artifact: text.describe('absolute path'),
  bytes: count,
  built: z.boolean().describe('whether the command ran'),
  buildMs: z.number(),
  form: z.enum(['component', 'core module']),
  kind: z.enum(['http', 'command']),
  imports: list,
  exports: list,
};

const build = z.strictObject(buildFields).meta({ id: 'Build' });

const errorFields = {
  code: text.optional().describe('one of docs/errors.md, or "usage"; absent: a bug'),
  message: text,
  fix: text.optional().describe('what to do'),
};

const event = <Name extends string, Fields extends z.core.$ZodLooseShape>(
  name: Name,
  fields: Fields,
): z.ZodObject<{ event: z.ZodLiteral<Name> } & Fields, z.core.$strict> =>
  z.strictObject({ event: z.literal(name), ...fields }) as never;

const distribution = z.strictObject({
  mean: z.number(),
  p50AtMost: z.number(),
  p99AtMost: z.number(),
});

const variables = z.strictObject({
  name: text,
  kind: z.enum(['environment', 'config', 'secret']),
});

/** By command; one of `lines` writes one value a line. */
export const outputs = {
  new: z.union([
    z.strictObject({ name: text, template: text, folder: text, files: list }),
    z
      .array(z.strictObject({ name: text, description: text, needs: list }))
      .readonly()
      .describe('the templates, if none was named'),
  ]),
  build: oneOrMore(build),
  dev: z.union([
    event('host', { url: text, dataDir: text }),
    event('building', { command: text }),
    event('built', buildFields),
    event('deployed', {
      name: text,
      version: count,
      urls: list,
      ms: z.number().describe('from the end of the build until it was live'),
    }),
    event('changed', { paths: list }),
    event('request', {
      method: text,
      url: text,
      status: count,
      ms: z.number(),
      complete: z.boolean(),
    }),
    event('log', { line: view.lineView }),
    event('note', { text }),
    event('error', errorFields),
  ]),
  serve: event('ready', { dataUrl: text, adminUrl: text }),
  deploy: oneOrMore(view.deployResult),
  list: z.array(view.functionView).readonly(),
  describe: view.functionDetails,
  versions: z.array(view.versionView).readonly(),
  rollback: view.functionView,
  invoke: view.invocationView,
  bench: z.strictObject({
    function: text,
    version: count,
    url: text,
    mode: z.enum(['closed', 'open', 'cold']),
    connections: count,
    rate: z.exactOptional(z.number()),
    warmUpMs: z.number(),
    durationMs: z.number(),
    interrupted: z.boolean(),
    seconds: z.number(),
    requests: count.describe('answers with a status below 400'),
    requestsPerSecond: z.number(),
    latencyMs: z.exactOptional(
      z.strictObject({
        least: z.number(),
        mean: z.number(),
        p50: z.number(),
        p90: z.number(),
        p99: z.number(),
        p99_9: z.number(),
        most: z.number(),
      }),
    ),
    histogram: z.array(z.strictObject({ fromMs: z.number(), toMs: z.number(), count })).readonly(),
    statuses: counts,
    errors: counts,
    unanswered: count,
    loaderCpu: z.number().describe('share of one core'),
    host: z.exactOptional(
      z.strictObject({
        calls: z.number(),
        outcomes: counts,
        starts: counts,
        ways: counts,
        limits: counts,
        cpuMs: distribution.optional(),
        memoryBytes: distribution.optional(),
        startMs: z.record(text, counts).readonly(),
      }),
    ),
  }),
  logs: z.union([view.lineView, z.strictObject({ lost: count })]),
  'kv get': view.keyValueView,
  'kv set': z.strictObject({ revision: count }),
  'kv delete': view.deletedView,
  'kv list': z.array(view.keyView).readonly(),
  'env set': view.deployResult,
  'env unset': view.deployResult,
  'env list': z.array(variables).readonly(),
  resume: view.resumeView,
  reload: view.reloadView,
  delete: view.deletedView,
  'token create': view.newTokenView,
  'token list': z.array(view.tokenView).readonly(),
  doctor: z
    .array(
      z.strictObject({
        check: text,
        state: z.enum(['ok', 'warning', 'missing', 'problem']),
        detail: text,
        fix: z.exactOptional(text),
      }),
    )
    .readonly(),
  completion: z.strictObject({ shell: text, script: text }),
} as const satisfies Readonly<Record<string, z.ZodType>>;

/** What every command writes to stderr when it fails. */
export const errorOutput = z.strictObject({
  error: z.strictObject({ ...errorFields, exitCode: count }),
});

/** Commands that write one JSON value a line. */
export const LINE_COMMANDS: ReadonlySet<string> = new Set(['dev', 'logs']);

/** A command with its subcommand: `kv get`. */
export type OutputCommand = keyof typeof outputs;

/** What it writes. */
export type OutputOf<Command extends OutputCommand> = z.output<(typeof outputs)[Command]>;

/** What a command writes when it fails. */
export type ErrorOutput = z.output<typeof errorOutput>;
