/** The admin API as a client sees it: JSON in and out, lines as they come, bytes by digest. */
import type { Readable } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import { HostError } from '../host/base/errors.ts';
import { ApiError } from './api-error.ts';
import { readJsonLines } from './json-lines.ts';

/** Time for a connection. */
const CONNECT_MS = 5000;
/** Time for an answer that takes no work to begin. */
const ANSWER_MS = 30_000;
/** Largest error answer that is read. */
const MAX_ERROR_CHARACTERS = 1024 * 1024;

/** What a request carries. */
export interface ApiRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  /** Absolute path with query; parts are percent-encoded already. */
  readonly path: string;
  readonly json?: unknown;
  readonly bytes?: Uint8Array | Readable;
  /** Size of a stream in `bytes`. */
  readonly byteLength?: number;
  readonly signal?: AbortSignal;
  /** The answer may take as long as it takes. */
  readonly patient?: boolean;
}

/** Talks to one host. */
export class ApiClient implements AsyncDisposable {
  readonly #url: string;
  readonly #origin: string;
  readonly #token: string;
  readonly #agent: Agent;

  /**
   * @param url Base URL without a slash at the end: `http://127.0.0.1:8081`, or `unix:` and the absolute path of a socket.
   * @param token Goes to that URL only; redirects are not followed.
   */
  constructor(url: string, token: string) {
    const socketPath = /^unix:(.+)$/.exec(url)?.[1];
    this.#url = url;
    this.#origin = socketPath === undefined ? url : 'http://localhost';
    this.#token = token;
    const connect = { timeout: CONNECT_MS, ...(socketPath === undefined ? {} : { socketPath }) };
    this.#agent = new Agent({ connect, connections: 4, pipelining: 1 });
  }

  /** Base URL, or `unix:` and a path. */
  get url(): string {
    return this.#url;
  }

  /**
   * Sends a request and reads a JSON answer. What it holds is trusted to be of this release's form.
   *
   * @throws {ApiError} If the host answers with an error.
   * @throws {host_unreachable} If nobody answers.
   */
  async json<T>(call: ApiRequest): Promise<T> {
    const { body } = await this.#send(call);
    return (await this.#parse(await this.#read(body))) as T;
  }

  /**
   * Sends a request and gives its answer as it is.
   *
   * @throws {ApiError} If the host answers with an error.
   * @throws {host_unreachable} If nobody answers.
   */
  async text(call: ApiRequest): Promise<string> {
    const { body } = await this.#send(call);
    return this.#read(body);
  }

  /** Sends a request and gives the JSON values of its answer line by line. */
  async *lines<T>(call: ApiRequest): AsyncGenerator<T, void, void> {
    const { body } = await this.#send({ ...call, patient: true });
    try {
      for await (const value of readJsonLines(body)) yield value as T;
    } catch (error) {
      if (call.signal?.aborted === true) return;
      throw this.#unreachable(error);
    }
  }

  /** Whether the host has these bytes. */
  async has(digest: string): Promise<boolean> {
    try {
      const { body } = await this.#send({ method: 'HEAD', path: `/v1/artifacts/${digest}` });
      await body.dump();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  async #send(call: ApiRequest): Promise<Dispatcher.ResponseData> {
    const answer = await request(this.#origin + call.path, {
      method: call.method,
      headers: this.#headersOf(call),
      body: call.json === undefined ? (call.bytes ?? null) : JSON.stringify(call.json),
      dispatcher: this.#agent,
      headersTimeout: call.patient === true ? 0 : ANSWER_MS,
      bodyTimeout: 0,
      signal: call.signal ?? null,
    }).catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    if (answer.statusCode < 300) return answer;
    const text = call.method === 'HEAD' ? '' : await this.#read(answer.body);
    throw this.#refusal(answer.statusCode, text);
  }

  #headersOf(call: ApiRequest): Record<string, string> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (call.json !== undefined) headers['content-type'] = 'application/json';
    else if (call.bytes !== undefined) headers['content-type'] = 'application/octet-stream';
    if (call.byteLength !== undefined) headers['content-length'] = String(call.byteLength);
    return headers;
  }

  async #read(body: Dispatcher.ResponseData['body']): Promise<string> {
    return body.text().catch((error: unknown) => {
      throw this.#unreachable(error);
    });
  }

  #refusal(status: number, text: string): Error {
    let body: unknown;
    try {
      body = JSON.parse(text.slice(0, MAX_ERROR_CHARACTERS));
    } catch {
      body = undefined;
    }
    const error = ApiError.read(status, body);
    if (error !== undefined) return error;
    if (text === '') return new ApiError(status, 'refused', `Cannot do this: status ${status}`, '');
    return this.#strange(`status ${status} without a coded error`);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw this.#strange('it is not JSON', error);
    }
  }

  #strange(reason: string, cause?: unknown): HostError {
    return new HostError('strange_answer', { url: this.#url, reason }, { cause });
  }

  #unreachable(error: unknown): HostError {
    if (error instanceof HostError) return error;
    const url = this.#url;
    return new HostError('host_unreachable', { url, reason: reasonOf(error) }, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'there is no such socket',
  EACCES: 'this user may not connect to it',
  ENOTFOUND: 'the name has no address',
  EAI_AGAIN: 'the name could not be resolved',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
