/**
 * Every key of `faas.toml`, what it takes and what it is for. One table for three readers: the command checks
 * manifests with it, `sdk/schema/faas.schema.json` is generated from it for editors, and `docs/manifest.md` is held
 * to it by a test.
 *
 * The message of every rule says what is expected, in words that follow "it is …, not".
 */
import { z } from 'zod';

const SIZE = /^\d+(\.\d+)? ?(B|kB|MB|GB|KiB|MiB|GiB)$/;
const DURATION = /^\d+(\.\d+)? ?(us|ms|s|m|h)$/;

const text = (expected: string, pattern = /^[^\0]+$/): z.ZodString =>
  z.string(expected).regex(pattern, expected);
const size = (example: string): z.ZodOptional<z.ZodString> =>
  text(`a size with its unit like "${example}"`, SIZE).optional();
const duration = (example: string): z.ZodOptional<z.ZodString> =>
  text(`a duration with its unit like "${example}"`, DURATION).optional();
const count = (least: number): z.ZodOptional<z.ZodNumber> => {
  const expected = `a whole number of at least ${least}`;
  return z.int(expected).min(least, expected).optional();
};
const word = <const Words extends readonly string[]>(
  words: Words,
): z.ZodOptional<z.ZodEnum<{ [Word in Words[number]]: Word }>> =>
  z.enum(words, `one of ${words.map((known) => `"${known}"`).join(', ')}`).optional();
const texts = (of: string): z.ZodOptional<z.ZodArray<z.ZodString>> =>
  z.array(text(of), `a list, each of its values ${of}`).optional();

const path = 'a path, relative to the manifest';
const label = text('a name of 1 to 64 letters, digits, "_", "." and "-"', /^[\w.-]{1,64}$/);
const variables = z.record(
  z.string().regex(/^[^=\0]{1,255}$/, 'a name without "="'),
  z.string('a text'),
  'a table of texts',
);

const build = z.strictObject(
  {
    command: text('a command line').optional().describe('command that builds, run by the shell'),
    workdir: text(path)
      .optional()
      .describe('folder it runs in; the one of the manifest by default'),
    artifact: text(path).optional().describe('the component or module that the build makes'),
    watch: texts('a path or pattern like "src/**"').describe(
      'what the artifact is made of; everything beside the manifest by default',
    ),
    needs: texts('a tool like "cargo" or "rust-target:wasm32-wasip2"').describe(
      'tools that must be there; "faas build" says how to install what is missing',
    ),
  },
  'a table of settings',
);

const limits = z.strictObject(
  {
    memory: size('64MiB').describe('linear memory of one instance'),
    timeout: duration('10s').describe('wall-clock time of one invocation'),
    cpu: duration('50ms').describe('CPU time of one invocation'),
    concurrency: count(1).describe('invocations at once'),
    queue: count(0).describe('requests that may wait for a place'),
    request_body: size('10MiB').describe('largest request body'),
    response_body: size('100MiB').describe('largest response body'),
    log: size('64KiB').describe('stdout and stderr that are kept of one invocation'),
  },
  'a table of limits',
);

const instances = z.strictObject(
  {
    min: count(0).describe('instances that are kept ready'),
    max: count(1).describe('most instances at a time'),
    reuse_count: count(1).describe('invocations that one serves with isolation "reuse"'),
    concurrent_reuse_count: count(1).describe(
      'invocations that one serves at once with isolation "reuse"; more than 1 for WASI 0.3 only',
    ),
    max_age: duration('1h').describe('age at which one is replaced'),
    idle_timeout: duration('30s').describe('time after which one that nobody uses is closed'),
    snapshot: word(['auto', 'shared-seed', 'never']).describe(
      'whether instances begin with a copy of the same initial state',
    ),
  },
  'a table of settings',
);

const rate = 'a number of requests a second, more than 0';
const budget = z.strictObject(
  {
    requests_per_second: z.number(rate).gt(0, rate).optional().describe('more get 429'),
    cpu_per_minute: duration('30s').describe('CPU time within a minute; more gets 429'),
  },
  'a table of budgets',
);

const route = z.union(
  [
    text('a route'),
    z
      .strictObject({
        host: text('a host').optional(),
        path: text('a path that begins with "/"', /^\//),
      })
      .describe('host and path apart; without host any host'),
  ],
  'a route like "api.example.com/v1/*", or a table of host and path',
);
const store = z.union(
  [label, z.strictObject({ label, shared: label.optional() })],
  'the name of a store, or a table of label and shared',
);
const directory = z.strictObject(
  {
    source: text(path).describe('folder of this machine'),
    path: text('an absolute path in the guest', /^\//).describe('where the guest finds it'),
  },
  'a table of source and path',
);
const secret = z.strictObject(
  {
    env: text('the name of an environment variable', /^[A-Za-z_]\w*$/).describe(
      'environment variable of "faas deploy" that holds it',
    ),
  },
  'a table like { env = "API_KEY" }: the value itself does not belong into the file',
);

/** The whole manifest. */
export const manifestSchema = z.strictObject({
  name: text(
    'a name of 1 to 63 of a-z, 0-9 and "-", with a letter or digit at both ends',
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  ).describe('name of the function'),
  source: text(path).optional().describe('the component or module, where nothing builds it'),
  build: build.optional().describe('how it is built'),
  routes: z
    .array(route, 'a list of routes')
    .optional()
    .describe('hosts and paths that lead to it, besides /NAME/'),
  limits: limits.optional().describe('what one invocation may take'),
  isolation: word(['request', 'reuse']).describe('whether invocations share an instance'),
  instances: instances.optional().describe('how many instances there are, and for how long'),
  budget: budget.optional().describe('what all invocations together may take over time'),
  server_timing: z
    .boolean('true or false')
    .optional()
    .describe('whether every reply says how it was made'),
  environment: variables.optional().describe('environment variables'),
  config: variables.optional().describe('values that it reads by wasi:config'),
  secrets: z
    .record(z.string().min(1), secret, 'a table of secrets')
    .optional()
    .describe('values that it reads by wasi:config, taken from the environment of the deployment'),
  key_value: z.array(store, 'a list of stores').optional().describe('stores that it may open'),
  directories: z
    .array(directory, 'a list of tables of source and path')
    .optional()
    .describe('folders that it takes along, read-only'),
  allowed_hosts: texts('a host like "api.example.com"').describe('hosts that it may call'),
});

/** A manifest as it is written. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;
