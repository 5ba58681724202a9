/** The adapter from `export default { fetch }` to the engine's fetch event, without the engine. */
import { readFile } from 'node:fs/promises';
import t from 'tap';

interface FetchEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
  waitUntil(promise: Promise<unknown>): void;
}
type Listener = (event: FetchEvent) => void;
interface Context {
  waitUntil(promise: Promise<unknown>): void;
  passThroughOnException(): void;
}
interface Adapter {
  serve(
    application: unknown,
    engine: {
      addEventListener(type: string, listener: Listener): void;
      environment(): [string, string][];
    },
  ): void;
}

/** The module as it is, but for the import that only the engine knows. */
async function loadAdapter(): Promise<Adapter> {
  const source = await readFile(new URL('../../sdk/js/faas.js', import.meta.url), 'utf8');
  const text = source.replace(/^import .* from 'wasi:.*';$/m, 'const getEnvironment = () => [];');
  if (text === source) throw new Error('the import of the environment is not found');
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Adapter;
}

const { serve } = await loadAdapter();

/** Serves an application, sends it one request. */
async function call(
  fetch: (request: Request, env: Record<string, string>, ctx: Context) => unknown,
): Promise<{ response: Response; waited: Promise<unknown>[] }> {
  const listeners: Listener[] = [];
  serve(
    { fetch },
    {
      addEventListener: (type, listener) => {
        if (type === 'fetch') listeners.push(listener);
      },
      environment: () => [['NAME', 'value']],
    },
  );
  const waited: Promise<unknown>[] = [];
  const { promise, resolve } = Promise.withResolvers<Response>();
  listeners[0]?.({
    request: new Request('http://localhost/path?a=b', { method: 'POST', body: 'body' }),
    respondWith: (response) => resolve(response),
    waitUntil: (promise) => void waited.push(promise),
  });
  return { response: await promise, waited };
}

/** Runs with what is written to console.error kept. */
async function withLog<T>(run: () => Promise<T>): Promise<[T, string]> {
  const { error } = console;
  const lines: string[] = [];
  console.error = (...values: unknown[]) => void lines.push(values.map(String).join(' '));
  try {
    return [await run(), lines.join('\n')];
  } finally {
    console.error = error;
  }
}

t.test('fetch() gets the request, the environment and a context', async (t) => {
  const { response } = await call(async (request, env, ctx) => {
    ctx.passThroughOnException();
    return new Response(`${request.method} ${request.url} ${await request.text()} ${env['NAME']}`);
  });
  t.equal(await response.text(), 'POST http://localhost/path?a=b body value');
});

t.test('an application may answer without a promise', async (t) => {
  const { response } = await call(() => new Response('at once', { status: 201 }));
  t.equal(response.status, 201);
});

t.test('what fetch() throws is logged, and answered with 500', async (t) => {
  const [{ response }, log] = await withLog(() =>
    call(() => {
      throw new RangeError('a reason');
    }),
  );
  t.equal(response.status, 500);
  t.notMatch(await response.text(), 'a reason', 'the client is not told why');
  t.match(log, /RangeError: a reason[^]*at /);
});

t.test('what is no Response is an error of the function', async (t) => {
  const [{ response }, log] = await withLog(() => call(() => 'text'));
  t.equal(response.status, 500);
  t.match(log, /resolved with string/);
});

t.test('waitUntil() reaches the engine, and a rejection is logged', async (t) => {
  const { promise, reject } = Promise.withResolvers<never>();
  const [waited, log] = await withLog(async () => {
    const { waited } = await call((_request, _env, ctx) => {
      ctx.waitUntil(promise);
      return new Response('');
    });
    reject(new Error('late'));
    await Promise.all(waited);
    return waited;
  });
  t.equal(waited.length, 1);
  t.match(log, /waitUntil: Error: late/);
});

t.test('serve() refuses what has no function fetch', (t) => {
  const engine = { addEventListener() {}, environment: () => [] as [string, string][] };
  for (const application of [undefined, null, {}, { fetch: 'no' }]) {
    t.throws(() => serve(application, engine), {
      name: 'TypeError',
      message: /no function "fetch"/,
    });
  }
  t.end();
});
