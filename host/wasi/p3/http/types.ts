/** `wasi:http/types` 0.3. The interface `handler` is the guests' to export. */
import type { HostInterface } from '../../../component/host-interface.ts';
import { WASI_0_3 } from '../../releases.ts';
import { Fields3 } from './fields.ts';
import { RequestOptions3 } from './request-options.ts';
import { Request } from './request.ts';
import { Response } from './response.ts';

/** The interface `wasi:http/types`. */
export const wasiHttpTypes3: HostInterface = {
  name: 'wasi:http/types',
  versions: WASI_0_3,
  functions: {},
  // Requests and responses have no constructor in WIT, and so none that anybody may call.
  resources: {
    fields: Fields3,
    request: Request as never,
    'request-options': RequestOptions3,
    response: Response as never,
  },
  constructible: ['fields', 'request', 'request-options', 'response'],
  blocking: [],
  onMemory: ['[method]fields.append'],
};
