/** A host under test: runs in a process of its own, on a data directory that ends with it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient } from '../../cli/api-client.ts';
import { DeployProgress } from '../../cli/deploy-progress.ts';
import { deployToHost } from '../../cli/deploy-to-host.ts';
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
}

type HostChild = Child<HostAddresses, 'take-starts', readonly RecordedStart[]>;

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
   * Starts a host on an empty data directory.
   *
   * @param nodeFlags Flags of Node and V8 for its process.
   * @param engine Engine that everything is prepared for; the host's own choice if left out.
   */
  static async open(
    nodeFlags: readonly string[] = [],
    engine: EngineChoice = 'auto',
  ): Promise<BenchHost> {
    const stack = new CloseStack();
    try {
      const directory = stack.push(await openTemporaryDirectory());
      const script = new URL('./host-process.ts', import.meta.url);
      const args = [join(directory.path, 'data'), engine];
      const child: HostChild = stack.push(await Child.start(script, { args, nodeFlags }));
      const { adminUrl, tokenFile } = child.ready;
      const client = new ApiClient(adminUrl, (await readFile(tokenFile, 'utf8')).trim());
      stack.defer(() => client[Symbol.asyncDispose]());
      return new BenchHost(stack, child, client, directory.path);
    } catch (error) {
      await stack.close();
      throw error;
    }
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
    { isolation = 'request', bytes }: { isolation?: 'request' | 'reuse'; bytes?: Uint8Array } = {},
  ): Promise<readonly string[]> {
    const path = bytes === undefined ? example.path : join(this.#uploads, `${name}.wasm`);
    if (bytes !== undefined) await writeFile(path, bytes);
    const deployment = {
      name: parseFunctionName(name),
      path,
      directories: example.directories,
      settings: { isolation, limits: example.limits },
    };
    const { findings } = await deployToHost(this.#client, deployment, silentProgress);
    return findings;
  }

  /** Gives the starts since the last call, in order. */
  takeStarts(): Promise<readonly RecordedStart[]> {
    return this.#child.ask('take-starts');
  }

  close(): Promise<void> {
    return this.#stack.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const nowhere = {
  write: (_: unknown, done: () => void): boolean => {
    done();
    return true;
  },
};
const silentProgress = new DeployProgress(new Terminal(nowhere, nowhere, {}), false);
