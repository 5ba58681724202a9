/** What the admin API takes, apart from the settings of a deployment (`host/admin/deploy-settings.ts`). */
import { z } from 'zod';

/** Most changes in an answer. */
export const MAX_CHANGES = 1000;
const DEFAULT_TAIL = 100;
const DEFAULT_CHANGES = 100;
/** Most names in one change of an environment, and the longest value. */
const MAX_VARIABLES = 256;
const MAX_TEXT = 32 * 1024;

/** A number in a query, which is text. */
const number = (): z.ZodCoercedNumber<string | number> => z.coerce.number<string | number>();

const variableName = z.string().regex(/^[^=\0]{1,255}$/, 'it is not the name of a variable');
const variableValue = z
  .string()
  .max(MAX_TEXT)
  .refine((text) => !text.includes('\0'), 'it has a NUL character');

/** Names with values. Messages about them name no value: it may be a secret. */
export const variables = z.array(z.tuple([variableName, variableValue])).max(MAX_VARIABLES);

const groups = <Values extends z.ZodType>(
  values: Values,
): z.ZodObject<
  Record<'environment' | 'config' | 'secrets', z.ZodOptional<Values>>,
  z.core.$strict
> =>
  z.strictObject({
    environment: values.optional(),
    config: values.optional(),
    secrets: values.optional(),
  });

/** Body of `PATCH …/environment`. */
export const environmentBody = z.strictObject({
  set: groups(variables).optional().describe('what is added or gets another value'),
  unset: groups(z.array(variableName).max(MAX_VARIABLES)).optional().describe('names that go'),
});

/** Body of `PUT …/aliases/live`. */
export const aliasBody = z.union([
  z.strictObject({ version: z.int().min(1) }),
  z.strictObject({ previous: z.literal(true).describe('the version that was live before') }),
]);

/** Body of `POST /v1/tokens`. */
export const tokenBody = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.@-]{1,64}$/, 'it is not 1 to 64 letters, digits, ".", "_", "@", "-"'),
  scopes: z.array(z.enum(['read', 'deploy', 'admin'])).min(1, 'it is empty'),
});

/** Query of `GET /v1/changes`. */
export const changesQuery = z.strictObject({
  limit: number().int().min(1).max(MAX_CHANGES).default(DEFAULT_CHANGES),
});

/** Query of `GET …/logs`. */
export const logsQuery = z.strictObject({
  tail: number().int().min(0).max(1_000_000).default(DEFAULT_TAIL).describe('last lines to give'),
  follow: z.enum(['true', 'false']).default('false').describe('whether to wait for more'),
  request: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe('id of the request whose lines are meant'),
});

/** Query of `POST …/invoke`. */
export const invokeQuery = z.strictObject({
  method: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/)
    .default('GET'),
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]{0,8191}$/)
    .default('/')
    .describe('path and query of the request'),
  header: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .describe('header fields of the request, each "name: value"'),
});

const store = z.string().describe('NAME (its store "default"), NAME/STORE, or @SHARED');

/** Query of `/v1/key-value/value`. */
export const keyQuery = z.strictObject({ store, key: z.string() });

/** Query of `GET /v1/key-value/keys`. */
export const keysQuery = z.strictObject({
  store,
  prefix: z.string().default(''),
  cursor: z.string().optional().describe('that of the page before'),
  limit: number().int().min(1).optional().describe('most keys of this page'),
});

/** Body of `PUT /v1/key-value/value`. */
export const keyValueBody = z.strictObject({
  valueBase64: z.base64(),
  ttlMs: z.int().min(1).optional().describe('time after which the key is gone'),
  metadata: z.string().optional().describe('text that is kept with the value'),
});
