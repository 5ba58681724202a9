/**
 * A host as its users meet it: functions are deployed through the admin API, by the client that `faas`
 * itself uses, and called over HTTP. Works on a host in this process and on one in a process of its own.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { Agent, request } from 'undici';
import { ApiClient } from '../../cli/api-client.ts';
import { ApiError } from '../../cli/api-error.ts';
import type { DeploySettings } from '../../host/admin/deploy-settings.ts';
import type { DeployResultView, FunctionView } from '../../host/admin/views.ts';
import { digestOf } from '../../host/base/ids.ts';
import type { DeployStep } from '../../host/deploy/deployer.ts';
import { RawClient } from '../http/test-plane.ts';

/** Settings of a deployment, but for the artifact. */
export type Settings = Partial<Omit<DeploySettings, 'artifact'>>;

/** How a function is called. */
export interface CallOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly trailers: Readonly<Record<string, string>>;
  /** The coded error, if the body is one. */
  readonly error: { readonly code?: string; readonly message?: string } | undefined;
}

/** Where a host is. */
export interface HostAddress {
  readonly dataUrl: string;
  readonly adminUrl: string;
  readonly token: string;
}

/** Time something may take that depends on events and not on a clock. */
const PATIENCE_MS = 30_000;

/** Talks to one host. */
export class HostClient implements AsyncDisposable {
  readonly dataUrl: string;
  readonly adminUrl: string;
  readonly token: string;
  readonly api: ApiClient;
  readonly #agent = new Agent({ headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS });

  constructor({ dataUrl, adminUrl, token }: HostAddress) {
    this.dataUrl = dataUrl;
    this.adminUrl = adminUrl;
    this.token = token;
    this.api = new ApiClient(adminUrl, token);
  }

  /** Port of the data plane. */
  get port(): number {
    return Number(new URL(this.dataUrl).port);
  }

  /** Uploads and deploys. @throws {ApiError} If the host refuses. */
  async deploy(
    name: string,
    bytes: Uint8Array,
    settings: Settings = {},
    onStep: (step: DeployStep) => void = () => {},
  ): Promise<DeployResultView> {
    const json = { ...settings, artifact: await this.upload(bytes) };
    const call = { method: 'POST', path: `/v1/functions/${name}/versions`, json } as const;
    interface Line {
      readonly step?: DeployStep;
      readonly result?: DeployResultView;
      readonly error?: { readonly status: number };
    }
    for await (const { step, result, error } of this.api.lines<Line>(call)) {
      if (result !== undefined) return result;
      if (step !== undefined) onStep(step);
      else throw ApiError.read(error?.status ?? 0, error) ?? new Error('an error without code');
    }
    throw new Error('the deployment ended without a result');
  }

  /** Deploys what must be refused. */
  async refusal(name: string, bytes: Uint8Array, settings: Settings = {}): Promise<ApiError> {
    return refusalOf(this.deploy(name, bytes, settings));
  }

  /** Stores bytes. @returns Their digest. */
  async upload(bytes: Uint8Array): Promise<string> {
    const digest = digestOf(bytes);
    const call = { method: 'PUT', path: `/v1/artifacts/${digest}`, bytes } as const;
    await this.api.json({ ...call, byteLength: bytes.byteLength, patient: true });
    return digest;
  }

  /** Calls a function at `/NAME/…`. */
  async call(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.send(this.dataUrl + path, options);
  }

  /** Sends any request. */
  async send(url: string, options: CallOptions = {}): Promise<Answer> {
    const { method = 'GET', headers = {}, body, signal } = options;
    const answer = await request(url, {
      method,
      headers,
      body: (body ?? null) as string | null,
      signal: signal ?? null,
      dispatcher: this.#agent,
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      trailers: answer.trailers as Record<string, string>,
      error: readError(text),
    };
  }

  /** What is deployed. */
  async functions(): Promise<readonly FunctionView[]> {
    const path = '/v1/functions';
    return (await this.api.json<{ functions: FunctionView[] }>({ method: 'GET', path })).functions;
  }

  /** The last log lines of a function as one text. */
  async logs(name: string): Promise<string> {
    const input = { params: { name }, query: { tail: 200 } };
    const lines: string[] = [];
    for await (const event of this.api.callLines('GET /v1/functions/{name}/logs', input)) {
      if ('line' in event) lines.push(`[${event.line.stream}] ${event.line.text}`);
    }
    return lines.join('\n');
  }

  /** What `/metrics` shows: value by series, as Prometheus writes it. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const { text } = await this.send(`${this.adminUrl}/metrics`);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(samples.map((line) => readSample(line)));
  }

  /** Waits until a series of `/metrics` has a value; missing ones count as 0. */
  async untilMetric(series: string, value: number): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const now = (await this.metrics()).get(series) ?? 0;
      if (now === value) return;
      if (performance.now() > endMs) throw new Error(`${series} is ${now} and not ${value}`);
      await delay(10);
    }
  }

  /** Opens a connection to the data plane on which a test says exactly what it wants. */
  async connect(t: Test): Promise<RawClient> {
    return openRaw(t, this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]();
    await this.#agent.destroy();
  }
}

/** Opens a raw connection to a port of this machine. */
export async function openRaw(t: Test, port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1' });
  t.teardown(() => socket.destroy());
  const client = new RawClient(socket);
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return client;
}

/** The coded error that a request to the admin API ends with. */
export async function refusalOf(answer: Promise<unknown>): Promise<ApiError> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function readError(text: string): Answer['error'] {
  try {
    const body = JSON.parse(text) as { error?: Answer['error'] };
    return body.error;
  } catch {
    return undefined;
  }
}

function readSample(line: string): readonly [string, number] {
  const space = line.lastIndexOf(' ');
  return [line.slice(0, space), Number(line.slice(space + 1))];
}
