/** The admin API as a client sees it: JSON in and out, lines as they come, bytes by digest. */
import type { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import type {
  AnswerOf,
  InputOf,
  JsonOperationKey,
  LineOperationKey,
  OperationKey,
} from '../host/admin/api/operation-types.ts';
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
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD';
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

/** How a call is waited for. */
export type CallRules = Pick<ApiRequest, 'signal' | 'patient'>;

/** Talks to one host. */
export class ApiClient implements AsyncDisposable {
  readonly #url: string;
  readonly #origin: string;
  readonly #token: string;
  readonly #connect: { readonly timeout: number; readonly socketPath?: string };
  #agent: Agent | undefined;

  /**
   * @param url Base URL without a slash at the end: `http://127.0.0.1:8081`, or `unix:` and the absolute path of a socket.
   * @param token Goes to that URL only; redirects are not followed.
   */
  constructor(url: string, token: string) {
    const socketPath = /^unix:(.+)$/.exec(url)?.[1];
    this.#url = url;
    this.#origin = socketPath === undefined ? url : 'http://localhost';
    this.#token = token;
    this.#connect = { timeout: CONNECT_MS, ...(socketPath === undefined ? {} : { socketPath }) };
  }

  /** Base URL, or `unix:` and a path. */
  get url(): string {
    return this.#url;
  }

  /**
   * Calls an operation of the API and gives its answer. What it holds is trusted to be of this release's form.
   *
   * @param key Method and path, as in `/openapi.json`.
   * @param input What the operation takes.
   * @throws {ApiError} If the host answers with an error.
   * @throws {host_unreachable} If nobody answers.
   */
  call<Key extends JsonOperationKey>(
    key: Key,
    input: InputOf<Key>,
    rules: CallRules = {},
  ): Promise<AnswerOf<Key>> {
    return this.json<AnswerOf<Key>>({ ...toRequest(key, input), ...rules });
  }

  /** The same for an operation that answers line by line. */
  callLines<Key extends LineOperationKey>(
    key: Key,
    input: InputOf<Key>,
    rules: CallRules = {},
  ): AsyncGenerator<AnswerOf<Key>, void, void> {
    return this.lines<AnswerOf<Key>>({ ...toRequest(key, input), ...rules });
  }

  /** The figures of the host, as text. */
  metrics(): Promise<string> {
    return this.text(toRequest('GET /metrics', {}));
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
      const { body } = await this.#send(
        toRequest('HEAD /v1/artifacts/{digest}', { params: { digest } }),
      );
      await body.dump();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.destroy();
  }

  async #send(call: ApiRequest): Promise<Dispatcher.ResponseData> {
    // Loaded here, because it takes longer than all the rest, and not every command talks to a host.
    const { Agent, request } = await import('undici');
    this.#agent ??= new Agent({ connect: this.#connect, connections: 4, pipelining: 1 });
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

/** An operation with its input → the request that it is. */
function toRequest<Key extends OperationKey>(key: Key, input: InputOf<Key>): ApiRequest {
  const [method = '', pattern = ''] = key.split(' ');
  const { params = {}, query, ...rest } = input as UntypedInput;
  const path = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodePart(params[name] ?? ''),
  );
  const text = query === undefined ? '' : `?${encodeQuery(query)}`;
  return { method: method as ApiRequest['method'], path: path + text, ...rest };
}

type QueryField = string | number | undefined;
type QueryFields = Readonly<Record<string, QueryField | readonly QueryField[]>>;

/** The same input without its types. */
interface UntypedInput extends Pick<ApiRequest, 'json' | 'bytes' | 'byteLength'> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: QueryFields;
}

function encodePart(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':');
}

function encodeQuery(fields: QueryFields): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) if (one !== undefined) query.append(name, one.toString());
  }
  return query.toString();
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
