/** Types of `faas.js`: what an application is called with. */

/** What an invocation may ask of the host beside its answer. */
export interface Context {
  /** Keeps the invocation alive until the promise settles, though the answer is out. */
  waitUntil(promise: Promise<unknown>): void;
  /** Does nothing: there is no origin to pass to. */
  passThroughOnException(): void;
}

/** A function of the form `export default { fetch }`. */
export interface Application {
  fetch(request: Request, env: Record<string, string>, ctx: Context): Response | Promise<Response>;
}

/** Makes an application answer the requests of this component. */
export function serve(application: Application): void;
