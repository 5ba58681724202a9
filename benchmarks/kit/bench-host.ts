/** A host under test: runs in a process of its own, on a data directory that ends with it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient } from '../../cli/api-client.ts';
import { DeployProgress } from '../../cli/deploy-progress.ts';
import { deployToHost } from '../../cli/deploy-to-host.ts';
import { missingV8Flags } from '../../cli/v8-flags.js';
import { Terminal } from '../../cli/terminal.ts';
import { CloseStack, type Closeable } from '../../host/base/closeable.ts';
import { parseFunctionName } from '../../host/base/ids.ts';
import type { EngineChoice } from '../../host/deploy/generate-code.ts';
import type { StartKind, StartPhases } from '../../host/metrics/observer.ts';
import { Child } from './child.ts';
import type { Example } from './examples.ts';
import { openTemporaryDirectory } from './temporary-directory.ts';

/** Where a host is. */
export interface HostAddresses {
  readonly dataUrl: string;
  readonly adminUrl: string;
  readonly tokenFile: string;
}

/** A start as the host's observer was told of it; durations in seconds. */
export interface RecordedStart {
  readonly function: string;
  readonly kind: StartKind;
  readonly phases: StartPhases;
  /** From the head of the request, parsed, until the kernel has all of the response. Only where requests come one by one. */
  served?: number;
}

/** What the process of a host can be asked. */
export type HostQuestion = 'take-starts' | 'thread-ms' | 'gc-ms' | 'resident-bytes' | 'peak-bytes';

type HostChild = Child<HostAddresses, HostQuestion, readonly RecordedStart[] | number>;

/** What a function is deployed with besides its code. */
export interface BenchSettings {
  readonly isolation?: 'request' | 'reuse';
  readonly limits?: Readonly<Record<string, number>>;
  readonly instances?: Readonly<Record<string, number>>;
  readonly environment?: readonly (readonly [name: string, value: string])[];
}

/** How a host is started. */
export interface BenchHostOptions {
  /** Flags of Node and V8 for its process. */
  readonly nodeFlags?: readonly string[];
  /** Engine that everything is prepared for; the host's own choice if left out. */
  readonly engine?: EngineChoice;
  /** How instances come back to their initial state; the host's own choice if left out. */
  readonly strategy?: BenchStrategy;
  /** Worker processes; 1, as is the default: everything in one process. Engine and strategy are the host's own with more. */
  readonly workers?: number;
  /** Data directory to begin with, which stays; an empty one that ends with the host if left out. */
  readonly dataDir?: string;
  /** Settings of the host that differ from the defaults, in the shape of its config file. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** `full-reset`: rewrites all of an instance's memory, whatever was written to. */
export type BenchStrategy = 'auto' | 'fresh' | 'reset' | 'full-reset';

/** The host, to those who measure it. */
export class BenchHost implements Closeable, AsyncDisposable {
  readonly #stack: CloseStack;
  readonly #child: HostChild;
  readonly #client: ApiClient;
  readonly #uploads: string;

  private constructor(stack: CloseStack, child: HostChild, client: ApiClient, uploads: string) {
    this.#stack = stack;
    this.#child = child;
    this.#client = client;
    this.#uploads = uploads;
  }

  /**
   * Starts a host; resolves when it serves.
   */
  static async open({
    nodeFlags = [],
    engine = 'auto',
    strategy = 'auto',
    workers = 1,
    dataDir,
    config = {},
  }: BenchHostOptions = {}): Promise<BenchHost> {
    const stack = new CloseStack();
    try {
      const directory = stack.push(await openTemporaryDirectory());
      const script = new URL('./host-process.ts', import.meta.url);
      const data = dataDir ?? join(directory.path, 'data');
      const args = [data, engine, strategy, String(workers), JSON.stringify(config)];
      // Those that `faas serve` gives itself.
      const flags = [...missingV8Flags(), ...nodeFlags];
      const child: HostChild = stack.push(await Child.start(script, { args, nodeFlags: flags }));
      const { adminUrl, tokenFile } = child.ready;
      const client = new ApiClient(adminUrl, (await readFile(tokenFile, 'utf8')).trim());
      stack.defer(() => client[Symbol.asyncDispose]());
      return new BenchHost(stack, child, client, directory.path);
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  /** The process of the host, or of its supervisor. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The admin API, to ask it what no method here does. */
  get admin(): ApiClient {
    return this.#client;
  }

  /** Port of the data plane on 127.0.0.1. */
  get port(): number {
    return Number(new URL(this.#child.ready.dataUrl).port);
  }

  /**
   * Deploys an example through the admin API, as the CLI does.
   *
   * @param name Name of the function.
   * @param bytes Instead of the example's own bytes.
   * @returns What the host found out about it, its engine among others, for people.
   */
  async deploy(
    name: string,
    example: Example,
    {
      isolation = 'request',
      bytes,
      limits = {},
    }: {
      isolation?: 'request' | 'reuse';
      bytes?: Uint8Array;
      limits?: BenchSettings['limits'];
    } = {},
  ): Promise<readonly string[]> {
    const path = bytes === undefined ? example.path : join(this.#uploads, `${name}.wasm`);
    if (bytes !== undefined) await writeFile(path, bytes);
    const deployment = {
      name: parseFunctionName(name),
      path,
      directories: example.directories,
      settings: { isolation, limits: { ...example.limits, ...limits } },
    };
    const { findings } = await deployToHost(this.#client, deployment, silentProgress);
    return findings;
  }

  /** Deploys bytes that are no example. */
  async deployBytes(name: string, bytes: Uint8Array, settings: BenchSettings): Promise<void> {
    const path = join(this.#uploads, `${name}.wasm`);
    await writeFile(path, bytes);
    const deployment = {
      name: parseFunctionName(name),
      path,
      directories: [],
      settings: { ...settings },
    };
    await deployToHost(this.#client, deployment, silentProgress);
  }

  /** Gives the starts since the last call, in order. */
  async takeStarts(): Promise<readonly RecordedStart[]> {
    const starts = await this.#child.ask('take-starts');
    return typeof starts === 'number' ? [] : starts;
  }

  /** CPU time of the thread that serves, since it began, ms. */
  threadMs(): Promise<number> {
    return this.#askNumber('thread-ms');
  }

  /** Time for which V8's collections have held that thread, from the first time that this is asked, ms. */
  collectionMs(): Promise<number> {
    return this.#askNumber('gc-ms');
  }

  /** Resident memory of the process now, bytes; the peak begins anew here. */
  residentBytes(): Promise<number> {
    return this.#askNumber('resident-bytes');
  }

  /** Most resident memory since `residentBytes` was asked, bytes. */
  peakBytes(): Promise<number> {
    return this.#askNumber('peak-bytes');
  }

  close(): Promise<void> {
    return this.#stack.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #askNumber(question: Exclude<HostQuestion, 'take-starts'>): Promise<number> {
    const answer = await this.#child.ask(question);
    return typeof answer === 'number' ? answer : Number.NaN;
  }
}

const nowhere = {
  write: (_: unknown, done: () => void): boolean => {
    done();
    return true;
  },
};
const silentProgress = new DeployProgress(new Terminal(nowhere, nowhere, {}), false);
