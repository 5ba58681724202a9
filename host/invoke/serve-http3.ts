/**
 * Serves an HTTP request with a component that exports `wasi:http/handler` of WASI 0.3.
 *
 * The response is sent when the guest returns it; the guest's task goes on, to write the body and for whatever else it
 * has begun, until it is done or the invocation's limits end it.
 */
import { WitError } from '../component/host-interface.ts';
import type { InstanceLease } from '../instances/version-instances.ts';
import type { ErrorCode } from '../wasi/http/error-code.ts';
import { HttpExchange } from '../wasi/http/exchange.ts';
import type { Result } from '../wasi/http/once.ts';
import type { Departure } from '../wasi/p3/http/message-body.ts';
import { Request } from '../wasi/p3/http/request.ts';
import { Response } from '../wasi/p3/http/response.ts';
import { failureOfExchange } from './exchange-failure.ts';
import type { Failure } from './outcome.ts';
import type { ServiceParts } from './service.ts';

/** Whether an export is served here. */
export function isHttp3(entry: string): boolean {
  return entry.startsWith('wasi:http/handler@0.3.');
}

/** See `Service.serve`. */
export async function serveHttp3(
  lease: InstanceLease,
  { request, responder, version }: ServiceParts,
): Promise<Failure | undefined> {
  const { limits } = version.settings;
  const exchange = new HttpExchange(lease.guest, request, responder, limits);
  const broken = Promise.withResolvers<never>();
  let departure: Departure | undefined;
  const onReturn = (result: Result<Response, ErrorCode>): void => {
    // A guest that was asked to give the call up may answer all the same.
    if (lease.guest.endReason !== undefined) return discard(result);
    if (result.tag === 'err') return exchange.refuse(result.val);
    const sent = Response.send(result.val);
    departure = sent.departure;
    departure?.done.catch(broken.reject);
    return exchange.respond(sent.parts);
  };
  const incoming = Request.arrived(lease.guest, request);
  const served = lease.call([incoming, onReturn]).catch(ignoreErrorCode);
  await Promise.race([served, broken.promise]);
  if (departure !== undefined) await Promise.race([drained(departure), broken.promise]);
  const result = await exchange.finishAfterReturn();
  return failureOfExchange(result, version.function, limits.responseBodyBytes);
}

function discard(result: Result<Response, ErrorCode>): void {
  if (result.tag === 'ok') result.val[Symbol.dispose]();
}

/** The exchange knows the error code that the guest answered with. */
function ignoreErrorCode(error: unknown): void {
  if (!(error instanceof WitError)) throw error;
}

/** All of the body is read; trailers that the guest has not given by then never come. */
async function drained({ pipe, contentsRead, done }: Departure): Promise<void> {
  await contentsRead;
  if (pipe.state === 'open') await Promise.race([done, nextTurn()]);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
