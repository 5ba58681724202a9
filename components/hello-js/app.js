/**
 * A `wasi:http` function in JavaScript: says hello to `?name=`. `jco componentize` puts it into a
 * component together with a JavaScript engine.
 */
import {
  Fields,
  OutgoingBody,
  OutgoingResponse,
  ResponseOutparam,
} from 'wasi:http/types@0.2.12';

const encoder = new TextEncoder();

export const incomingHandler = {
  handle(request, outparam) {
    const query = (request.pathWithQuery() ?? '').split('?')[1];
    const name = new URLSearchParams(query).get('name') ?? 'JavaScript';

    const headers = Fields.fromList([
      ['content-type', encoder.encode('text/plain; charset=utf-8')],
    ]);
    const response = new OutgoingResponse(headers);
    const body = response.body();
    ResponseOutparam.set(outparam, { tag: 'ok', val: response });

    const stream = body.write();
    // One call takes at most 4096 bytes.
    stream.blockingWriteAndFlush(encoder.encode(`Hello from ${name}\n`.slice(0, 1024)));
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
  },
};
