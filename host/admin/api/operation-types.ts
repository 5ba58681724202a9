/** The types of the operations, for those who call them and for those who answer. Types only: no schema is loaded. */
import type { z } from 'zod';
import type { operations } from './operations.ts';

type Operations = typeof operations;

/** Method and path of an operation: `GET /v1/functions/{name}`. */
export type OperationKey = keyof Operations;

/** Names of the parameters in its path. */
export type ParameterOf<Key extends string> = Key extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never;

/** Its query as it is sent. */
export type QueryOf<Key extends OperationKey> = Operations[Key] extends {
  readonly query: infer Query extends z.ZodType;
}
  ? z.input<Query>
  : never;

/** Its JSON body as it is sent. */
export type BodyOf<Key extends OperationKey> = Operations[Key] extends {
  readonly body: infer Body extends z.ZodType;
}
  ? z.input<Body>
  : never;

/** Whether its body is bytes. */
type TakesBytes<Key extends OperationKey> = Operations[Key] extends { readonly body: 'bytes' }
  ? true
  : false;

/** Its answer, or one line of it. */
export type AnswerOf<Key extends OperationKey> = Operations[Key]['answer'] extends infer Answer
  ? Answer extends z.ZodType
    ? z.output<Answer>
    : never
  : never;

/** Operations that answer line by line. */
export type LineOperationKey = {
  [Key in OperationKey]: Operations[Key] extends { readonly lines: true } ? Key : never;
}[OperationKey];

/** Operations that answer with one JSON value. */
export type JsonOperationKey = Exclude<
  {
    [Key in OperationKey]: Operations[Key]['answer'] extends z.ZodType ? Key : never;
  }[OperationKey],
  LineOperationKey
>;

/** What a call of it carries; what it does not take cannot be given. */
export type InputOf<Key extends OperationKey> = ([ParameterOf<Key>] extends [never]
  ? object
  : { readonly params: Readonly<Record<ParameterOf<Key>, string>> }) &
  ([QueryOf<Key>] extends [never] ? object : { readonly query: QueryOf<Key> }) &
  ([BodyOf<Key>] extends [never] ? object : { readonly json: BodyOf<Key> }) &
  (TakesBytes<Key> extends true
    ? { readonly bytes: Uint8Array | NodeJS.ReadableStream; readonly byteLength?: number }
    : object);
