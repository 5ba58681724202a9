/**
 * The table of operations → OpenAPI 3.1, whose schemas are those of JSON Schema 2020-12. Served at `/openapi.json`.
 *
 * Follows https://spec.openapis.org/oas/v3.1.1.html.
 */
import { z } from 'zod';
import { operations, type Operation } from './operations.ts';
import { errorView } from './view-schemas.ts';

type Json = Readonly<Record<string, unknown>>;
type Direction = 'input' | 'output';

const SCHEMAS = '#/components/schemas/';
const PARAMETERS: Readonly<Record<string, string>> = {
  name: 'name of a function: 1 to 63 of a-z, 0-9 and "-"',
  digest: 'SHA-256 of the bytes: "sha256:" and 64 hexadecimal digits',
};
const METRICS_TYPE = 'text/plain';
const LINES_TYPE = 'application/x-ndjson';

/**
 * Generates the description.
 *
 * @param release That of the host.
 */
export function describeOpenApi(release: string): { openapi: string; [field: string]: unknown } {
  const schemas = new Map<string, Json>();
  const paths: Record<string, Record<string, Json>> = {};
  const error = schemaOf(errorView, 'output', schemas);
  for (const [key, operation] of Object.entries<Operation>(operations)) {
    const [method = '', path = ''] = key.split(' ');
    (paths[path] ??= {})[method.toLowerCase()] = describe(key, operation, error, schemas);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'wasi-faas admin API',
      version: release,
      description:
        'Errors have a code of docs/errors.md. Answers may gain fields in later releases: ignore what you do not know.',
    },
    components: {
      schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    paths,
  };
}

function describe(
  key: string,
  operation: Operation,
  error: Json,
  schemas: Map<string, Json>,
): Json {
  const { summary, access, query, body, status = 200 } = operation;
  return {
    operationId: key
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replace(/-$/, ''),
    summary,
    description: describeAccess(access),
    security: access === 'open' ? [] : [{ token: [] }],
    parameters: [...pathParameters(key), ...queryParameters(query, schemas)],
    ...(body === undefined ? {} : { requestBody: describeBody(body, schemas) }),
    responses: {
      [status]: describeAnswer(operation, schemas),
      default: {
        description: 'an error',
        content: { 'application/json': { schema: error } },
      },
    },
  };
}

function describeAccess(access: Operation['access']): string {
  if (access === 'open') return 'Needs no token.';
  if (access === 'metrics')
    return 'Needs a token of the scope "read", unless the configuration opens it.';
  return `Needs a token of the scope "${access}".`;
}

function pathParameters(key: string): readonly Json[] {
  return [...key.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: PARAMETERS[name],
    schema: { type: 'string' },
  }));
}

function queryParameters(
  query: z.ZodObject | undefined,
  schemas: Map<string, Json>,
): readonly Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, field]) => {
    const type = field as z.ZodType;
    const { description, ...schema } = schemaOf(type, 'output', schemas);
    return {
      name,
      in: 'query',
      required: !type.safeParse(undefined).success,
      description,
      schema,
    };
  });
}

function describeBody(body: z.ZodType | 'bytes', schemas: Map<string, Json>): Json {
  if (body === 'bytes') {
    return { content: { 'application/octet-stream': {} } };
  }
  const schema = schemaOf(body, 'input', schemas);
  return { required: true, content: { 'application/json': { schema } } };
}

function describeAnswer({ answer, lines, summary }: Operation, schemas: Map<string, Json>): Json {
  if (answer === 'nothing') return { description: summary };
  if (answer === 'text') {
    return { description: summary, content: { [METRICS_TYPE]: { schema: { type: 'string' } } } };
  }
  const schema = schemaOf(answer, 'output', schemas);
  if (lines !== true) return { description: summary, content: { 'application/json': { schema } } };
  const description = `${summary} One JSON value of this schema a line.`;
  return { description, content: { [LINES_TYPE]: { schema } } };
}

/** The JSON Schema of a type; what has a name goes to the others of that kind. */
function schemaOf(type: z.ZodType, io: Direction, schemas: Map<string, Json>): Json {
  const {
    $schema: _dialect,
    $defs = {},
    ...schema
  } = z.toJSONSchema(type, {
    io,
    override: ({ jsonSchema }) => {
      // Of TypeScript's kind, not of JSON Schema's.
      delete jsonSchema.readOnly;
      // Later releases may answer with more.
      if (io === 'output') delete jsonSchema.additionalProperties;
    },
  });
  for (const [name, named] of Object.entries($defs)) schemas.set(name, toComponent(named));
  return toComponent(schema);
}

/** Names of `$defs` are names of components. */
function toComponent(schema: unknown): Json {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', `"${SCHEMAS}`);
  return JSON.parse(text) as Json;
}
