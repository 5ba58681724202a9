/**
 * Serves an application of the form `export default { fetch(request, env, ctx) }`, as other edge hosts have it, from
 * the `fetch` event of StarlingMonkey, the engine that `jco componentize` puts into a component.
 *
 * Code at the top level of a module runs when the component is built, not when it serves: no environment, no
 * randomness and no network are there yet. Use them in `fetch`.
 */
import { getEnvironment } from 'wasi:cli/environment@0.2.10';

/**
 * @typedef {object} Context
 * @property {(promise: Promise<unknown>) => void} waitUntil Keeps the invocation alive until the promise settles,
 *   though the answer is out; at most for the function's time limit.
 * @property {() => void} passThroughOnException Does nothing: there is no origin to pass to.
 */

/**
 * @typedef {object} Application
 * @property {(request: Request, env: Record<string, string>, ctx: Context) => Response | Promise<Response>} fetch
 *   `env` holds the variables that the function was deployed with.
 */

/**
 * Makes an application answer the requests of this component.
 *
 * What `fetch` throws is written to the function's log, and answered with status 500.
 *
 * @param {Application} application
 * @param {{ addEventListener?: Function, environment?: () => [string, string][] }} [engine] For tests: what stands
 *   for the engine and for its environment.
 * @throws {TypeError} If the application has no function `fetch`.
 */
export function serve(application, engine = {}) {
  if (typeof application?.fetch !== 'function') {
    throw new TypeError('Cannot serve the application: its default export has no function "fetch"');
  }
  const { addEventListener = globalThis.addEventListener, environment = getEnvironment } = engine;
  addEventListener('fetch', (event) => {
    event.respondWith(answer(application, event, environment));
  });
}

async function answer(application, event, environment) {
  try {
    const response = await application.fetch(
      event.request,
      Object.fromEntries(environment()),
      contextOf(event),
    );
    if (response instanceof Response) return response;
    throw new TypeError(`fetch() resolved with ${typeof response} and not with a Response`);
  } catch (error) {
    console.error(error instanceof Error ? `${error}\n${error.stack}` : error);
    return new Response('the function failed\n', { status: 500 });
  }
}

/** @returns {Context} */
function contextOf(event) {
  return {
    waitUntil(promise) {
      const logged = Promise.resolve(promise).catch((error) =>
        console.error(`waitUntil: ${error}`),
      );
      event.waitUntil(logged);
    },
    passThroughOnException() {},
  };
}
