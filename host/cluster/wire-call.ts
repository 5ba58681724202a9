/** Calls of `faas invoke` and what came of them ↔ plain data between supervisor and worker. */
import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts';
import { HostError } from '../base/errors.ts';
import type { RequestId } from '../base/ids.ts';
import type { CallResult, PlainCall } from '../invoke/collected-call.ts';
import { callResultSchema, type WireCall, type WireCallResult } from './worker-messages.ts';

/** @param name Of the function. */
export function toWireCall(name: string, call: PlainCall): WireCall {
  const { headers, body, ...rest } = call;
  return {
    ...rest,
    function: name,
    headers: headers.map(([field, value]) => [field, Buffer.from(value).toString('latin1')]),
    bodyBase64: Buffer.from(body).toString('base64'),
  };
}

/** What a worker is told by its supervisor. */
export function fromWireCall(wire: WireCall): PlainCall {
  return {
    requestId: wire.requestId as RequestId,
    clientAddress: wire.clientAddress,
    method: wire.method,
    authority: wire.authority,
    pathWithQuery: wire.pathWithQuery,
    headers: wire.headers.map(([field, value]) => [field, Buffer.from(value, 'latin1')]),
    body: Buffer.from(wire.bodyBase64, 'base64'),
  };
}

/** The other way. */
export function toWireResult({ error, ...rest }: CallResult): WireCallResult {
  if (error === undefined) return { ...rest };
  return { ...rest, error: { code: error.code, fields: { ...error.fields } } };
}

/** @throws {internal_error} If it is not what a worker says. */
export function fromWireResult(wire: unknown): CallResult {
  const parsed = callResultSchema.safeParse(wire);
  if (!parsed.success) {
    throw new HostError('internal_error', { reason: 'a worker gave a strange answer' });
  }
  const { error, ...rest } = parsed.data;
  if (error === undefined) return rest as CallResult;
  const isKnown = Object.hasOwn(ERROR_CODES, error.code);
  const coded = isKnown
    ? new HostError(error.code as ErrorCode, error.fields)
    : new HostError('internal_error', { reason: 'a worker gave an unknown error' });
  return { ...rest, error: coded } as CallResult;
}
