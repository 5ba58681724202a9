/**
 * One call whose bodies are kept in memory, as `faas invoke` makes it: plain data in, plain data out, so that it can
 * be made in this process or in another one.
 */
import { HostError } from '../base/errors.ts';
import type { RequestId } from '../base/ids.ts';
import type { Outcome, StartKind } from '../metrics/observer.ts';
import type { FunctionRecord } from '../registry/model.ts';
import { BufferSource } from '../wasi/memory-bytes.ts';
import type { Field, IncomingHttpRequest } from '../wasi/ports.ts';
import { CollectedResponse, type CollectedBody } from './collected-response.ts';
import type { Invoker } from './invoker.ts';
import { SignalCaller } from './signal-caller.ts';

/** A request as plain data. */
export interface PlainCall {
  readonly requestId: RequestId;
  /** Address of whoever asked. */
  readonly clientAddress: string;
  readonly method: string;
  readonly authority: string;
  readonly pathWithQuery: string;
  /** Without `content-length`. */
  readonly headers: readonly Field[];
  readonly body: Uint8Array;
}

/** What came of it. */
export interface CallResult {
  readonly outcome: Outcome;
  readonly error?: HostError;
  readonly start?: StartKind | undefined;
  readonly cpuMs?: number | undefined;
  /** Absent if the function has not begun to answer. */
  readonly response?: CollectedBody;
}

/** Makes such calls. */
export type CallFunction = (
  record: FunctionRecord,
  call: PlainCall,
  signal: AbortSignal,
) => Promise<CallResult>;

/** Makes them in this process. */
export function createCallFunction(invoker: Invoker): CallFunction {
  return async (record, call, signal) => {
    const response = new CollectedResponse();
    const result = await invoker.handle(record, toRequest(call), response, {
      requestId: call.requestId,
      trigger: 'invoke',
      clientAddress: call.clientAddress,
      pathPrefix: '',
      caller: new SignalCaller(signal),
    });
    const { outcome, error, start, cpuMs } = result;
    return {
      outcome,
      ...(error === undefined ? {} : { error }),
      ...(start === undefined ? {} : { start }),
      ...(cpuMs === undefined ? {} : { cpuMs }),
      ...(response.begun ? { response: response.toJSON() } : {}),
    };
  };
}

function toRequest(call: PlainCall): IncomingHttpRequest {
  const { method, authority, pathWithQuery, headers, body } = call;
  const length: Field[] =
    body.length === 0 ? [] : [['content-length', Buffer.from(String(body.length))]];
  return {
    method,
    scheme: 'http',
    authority,
    pathWithQuery,
    headers: [...headers, ...length],
    body: new BufferSource(body),
    trailers: () => Promise.resolve(undefined),
  };
}
