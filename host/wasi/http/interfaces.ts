/** The interfaces of `wasi:http` that guests import. `incoming-handler` is theirs to export. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { httpErrorCode } from './error-code.ts';
import { Fields } from './fields.ts';
import { FutureIncomingResponse } from './future-incoming-response.ts';
import { FutureTrailers } from './future-trailers.ts';
import { IncomingBody } from './incoming-body.ts';
import { IncomingRequest } from './incoming-request.ts';
import { IncomingResponse } from './incoming-response.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { wasiHttpOutgoingHandler } from './outgoing-handler.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import { OutgoingResponse } from './outgoing-response.ts';
import { RequestOptions } from './request-options.ts';
import { ResponseOutparam } from './response-outparam.ts';

/** The interface `wasi:http/types`. */
export const wasiHttpTypes: HostInterface = {
  name: 'wasi:http/types',
  versions: WASI_0_2,
  functions: { 'http-error-code': httpErrorCode },
  resources: {
    fields: Fields,
    'incoming-request': IncomingRequest,
    'outgoing-request': OutgoingRequest,
    'request-options': RequestOptions,
    'response-outparam': ResponseOutparam,
    'incoming-response': IncomingResponse,
    'incoming-body': IncomingBody,
    'future-trailers': FutureTrailers,
    'outgoing-response': OutgoingResponse,
    'outgoing-body': OutgoingBody,
    'future-incoming-response': FutureIncomingResponse,
  },
  constructible: [
    'fields',
    'outgoing-request',
    'request-options',
    'response-outparam',
    'incoming-body',
    'outgoing-response',
    'outgoing-body',
  ],
  blocking: [],
  onMemory: ['[method]fields.append'],
};

/** All of them. */
export const httpInterfaces: readonly HostInterface[] = [wasiHttpTypes, wasiHttpOutgoingHandler];
