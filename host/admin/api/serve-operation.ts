/** Registers a route as the table of operations has it: its path, what it needs, and that its answer has the type. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AnswerOf, JsonOperationKey, OperationKey, ParameterOf } from './operation-types.ts';
import { operations, type Operation } from './operations.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Key of `host/admin/api/operations.ts`. */
    operation?: OperationKey;
  }
}

/** A request of an operation: its path's parameters are text, its body whatever its parser made of it. */
export type OperationRequest<Key extends OperationKey> = FastifyRequest<{
  Params: Readonly<Record<ParameterOf<Key>, string>>;
}>;

type Answer<Key extends OperationKey> = Key extends JsonOperationKey
  ? AnswerOf<Key> | FastifyReply
  : FastifyReply;

/**
 * Adds the route of an operation.
 *
 * @param options `bodyLimit` in bytes, where the usual one does not fit.
 */
export function serveOperation<Key extends OperationKey>(
  app: FastifyInstance,
  key: Key,
  handle: (request: OperationRequest<Key>, reply: FastifyReply) => Promise<Answer<Key>>,
  options: { readonly bodyLimit?: number } = {},
): void {
  const operation: Operation = operations[key];
  const [method = '', path = ''] = key.split(' ');
  app.route<{ Params: Readonly<Record<ParameterOf<Key>, string>> }>({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { access: operation.access, operation: key },
    ...options,
    handler: async (request, reply) => {
      if (operation.status !== undefined) void reply.code(operation.status);
      return handle(request, reply);
    },
  });
}

/** Makes a route that the table does not have an error when the API is built. */
export function refuseOtherRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.operation === undefined)
      throw new Error(`${url} is not in the table of operations`);
  });
}
