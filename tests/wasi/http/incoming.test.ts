import t from 'tap';
import { WitError } from '../../../host/component/host-interface.ts';
import { httpErrorCode } from '../../../host/wasi/http/error-code.ts';
import type { Fields } from '../../../host/wasi/http/fields.ts';
import { IncomingBody } from '../../../host/wasi/http/incoming-body.ts';
import { IncomingRequest } from '../../../host/wasi/http/incoming-request.ts';
import { IoError } from '../../../host/wasi/io/error.ts';
import { BufferSource } from '../../../host/wasi/memory-bytes.ts';
import {
  HttpFailure,
  type ByteSource,
  type Field,
  type IncomingHttpRequest,
} from '../../../host/wasi/ports.ts';
import { TestGuest } from '../test-guest.ts';
import { payloadOf } from './payload-of.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** A source that notes when its reader wants no more. */
class WatchedBuffer extends BufferSource {
  closed = 0;

  override close(): void {
    this.closed += 1;
    super.close();
  }
}

/** A source that fails when it is read. */
class FailingSource implements ByteSource {
  readonly #error: Error;
  constructor(error: Error) {
    this.#error = error;
  }
  take(): never {
    throw this.#error;
  }
  ready(): Promise<void> {
    return Promise.resolve();
  }
  close(): void {}
}

function create(
  guest: TestGuest,
  body: ByteSource,
  parts: Partial<IncomingHttpRequest> = {},
): IncomingRequest {
  return new IncomingRequest(guest, {
    method: 'PROPFIND',
    scheme: 'https',
    authority: 'app.localhost:8080',
    pathWithQuery: '/a/?b=%20',
    headers: [
      ['Host', bytes('app.localhost:8080')],
      ['X-A', bytes('1')],
      ['Connection', bytes('keep-alive')],
    ],
    body,
    trailers: () => Promise.resolve(undefined),
    ...parts,
  });
}

t.test("a request shows what came in, without the fields that are the host's", async (t) => {
  const guest = new TestGuest();
  const request = create(guest, new BufferSource(bytes('')));
  t.strictSame(request.method(), { tag: 'other', val: 'PROPFIND' });
  t.strictSame(create(guest, new BufferSource(bytes('')), { method: 'GET' }).method(), {
    tag: 'get',
  });
  t.strictSame(request.scheme(), { tag: 'HTTPS' });
  t.equal(request.authority(), 'app.localhost:8080');
  t.equal(request.pathWithQuery(), '/a/?b=%20');
  const headers = request.headers();
  t.strictSame(headers.entries(), [['X-A', bytes('1')]]);
  t.strictSame(
    payloadOf(() => headers.append('a', bytes(''))),
    { tag: 'immutable' },
  );
});

t.test('a body is read once, then its trailers, once', async (t) => {
  const guest = new TestGuest();
  const source = new WatchedBuffer(bytes('hello'));
  const trailers: readonly Field[] = [
    ['x-sum', bytes('9')],
    ['connection', bytes('x')],
  ];
  const request = create(guest, source, { trailers: () => Promise.resolve(trailers) });
  const body = request.consume();
  t.throws(() => request.consume(), WitError);
  const stream = body.stream();
  t.throws(() => body.stream(), WitError);
  t.equal(String(stream.read(2n)), 'he');
  stream[Symbol.dispose]();
  request[Symbol.dispose]();
  t.equal(source.closed, 0, 'trailers may be wanted');
  const future = IncomingBody.finish(guest, body);
  t.equal(future.get(), undefined, 'not yet');
  await future.subscribe().block();
  const got = future.get();
  t.match(got, { tag: 'ok', val: { tag: 'ok' } });
  const fields = (got as { val: { val: Fields } }).val.val;
  t.strictSame(fields.entries(), [['x-sum', bytes('9')]]);
  t.strictSame(future.get(), { tag: 'err', val: undefined });
  future[Symbol.dispose]();
  t.equal(source.closed, 1);
});

t.test('no trailers and failed trailers are told apart', async (t) => {
  const guest = new TestGuest();
  const read = async (request: IncomingRequest): Promise<unknown> => {
    const future = IncomingBody.finish(guest, request.consume());
    await future.subscribe().block();
    return future.get();
  };
  t.strictSame(await read(create(guest, new BufferSource(bytes('unread')))), {
    tag: 'ok',
    val: { tag: 'ok', val: undefined },
  });
  const failure = new HttpFailure({ tag: 'connection-terminated' });
  t.strictSame(await read(create(guest, new FailingSource(failure))), {
    tag: 'ok',
    val: { tag: 'err', val: { tag: 'connection-terminated' } },
  });
  const secret = new Error('/etc/host/secret');
  t.strictSame(
    await read(create(guest, new FailingSource(secret))),
    { tag: 'ok', val: { tag: 'err', val: { tag: 'internal-error' } } },
    'errors of the host are not shown',
  );
});

t.test('a body that nobody wants any more is closed', async (t) => {
  const guest = new TestGuest();
  const sources = Array.from({ length: 4 }, () => new WatchedBuffer(bytes('abc')));
  const [unread, unused, half, unasked] = sources;
  if (!unread || !unused || !half || !unasked) throw new Error('four sources');
  create(guest, unread)[Symbol.dispose]();
  create(guest, unused).consume()[Symbol.dispose]();

  const body = create(guest, half).consume();
  const stream = body.stream();
  body[Symbol.dispose]();
  t.equal(half.closed, 0, 'its stream is still read');
  t.equal(String(stream.read(10n)), 'abc');
  stream[Symbol.dispose]();

  IncomingBody.finish(guest, create(guest, unasked).consume())[Symbol.dispose]();
  t.strictSame(
    sources.map(({ closed }) => closed),
    [1, 1, 1, 1],
  );
});

t.test('http-error-code() finds the code behind a failed stream', async (t) => {
  const guest = new TestGuest();
  const failure = new HttpFailure({ tag: 'connection-terminated' });
  const stream = create(guest, new FailingSource(failure)).consume().stream();
  try {
    stream.read(1n);
    t.fail('the read succeeded');
  } catch (error) {
    const payload = error instanceof WitError ? (error.payload as { val: IoError }) : undefined;
    t.ok(payload?.val instanceof IoError);
    if (payload === undefined) return;
    t.strictSame(httpErrorCode(guest, payload.val), { tag: 'connection-terminated' });
  }
  t.equal(httpErrorCode(guest, new IoError('file', new Error('x'))), undefined);
});
