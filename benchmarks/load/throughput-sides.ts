/** Opens everything that the suite `throughput` loads, and asks each side once whether it does what it is measured at. */
import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchHost, type BenchSettings } from '../kit/bench-host.ts';
import { checkAnswer } from '../kit/check-answer.ts';
import { Child } from '../kit/child.ts';
import { listExamples, type ExampleRequest } from '../kit/examples.ts';
import { openTemporaryDirectory } from '../kit/temporary-directory.ts';
import { componentPath, WORKLOADS, type Workload } from '../kit/workloads.ts';
import { createJcoServe } from '../peers/jco-peer.ts';
import { openPeer } from '../peers/open-peer.ts';
import type { NamedGap, Peer } from '../peers/peer.ts';
import { createWasmtimeServe } from '../peers/wasmtime-peer.ts';
import { workerd } from '../peers/workerd-peer.ts';
import { encodeRequest } from './encode-request.ts';
import type { LoadSide } from './load-side.ts';

/** Sides that take turns, and what they are measured at. */
export const GROUPS = [...WORKLOADS.map(({ name }) => name), 'languages', 'commands'] as const;

/** Name of a group. */
export type GroupName = (typeof GROUPS)[number];

/** Every side that can run here, and those that cannot. */
export interface OpenSides {
  readonly sides: readonly LoadSide[];
  readonly gaps: readonly NamedGap[];
}

/** What is opened. */
export interface OpenSidesOptions {
  readonly groups: readonly GroupName[];
  /** Without what takes long to start or tells little: jco's engine and shared server beyond hello, its server for languages, and Go and Python. */
  readonly quick: boolean;
}

const LANGUAGES = fileURLToPath(new URL('../../components/.cache/languages/', import.meta.url));
const GREETING: ExampleRequest = { method: 'GET', path: '/?name=bench', body: '' };
/** Guests that hold an engine: the first calls take long, and reuse is left to no garbage collector of theirs. */
const LANGUAGE_LIMITS = { memoryBytes: 256 * 2 ** 20, cpuMs: 20_000 };

/** Opens them; they end when the stack is disposed of. */
export async function openSides(
  stack: AsyncDisposableStack,
  { groups, quick }: OpenSidesOptions,
): Promise<OpenSides> {
  const directory = stack.adopt(await openTemporaryDirectory(), (it) => it.close());
  const opening = new Opening(stack, directory.path, groups);
  await opening.openBaseline();
  const workloads = WORKLOADS.filter(({ name }) => groups.includes(name));
  await opening.openOurs('native', workloads);
  await opening.openOurs(
    'jco',
    quick ? workloads.filter(({ name }) => name === 'hello') : workloads,
  );
  await opening.openPeers(workloads, quick);
  if (groups.includes('languages')) await opening.openLanguages(quick);
  if (groups.includes('commands')) await opening.openCommands();
  if (quick) opening.nameOmissions(workloads);
  return opening;
}

class Opening implements OpenSides {
  readonly sides: LoadSide[] = [];
  readonly gaps: NamedGap[] = [];
  readonly #stack: AsyncDisposableStack;
  readonly #directory: string;
  readonly #groups: readonly GroupName[];

  constructor(stack: AsyncDisposableStack, directory: string, groups: readonly GroupName[]) {
    this.#stack = stack;
    this.#directory = directory;
    this.#groups = groups;
  }

  async openBaseline(): Promise<void> {
    const script = new URL('../baselines/fastify-process.ts', import.meta.url);
    const child = await Child.start<number, never, never>(script);
    this.#stack.defer(() => child.close());
    const version = `Node ${process.versions.node}`;
    const server = { port: child.ready, host: 'localhost', version, isPeer: false };
    for (const workload of WORKLOADS) await this.#addWorkload('fastify', workload, server);
    await this.#add({ ...server, name: 'fastify', group: 'commands', request: HELLO });
  }

  async openOurs(engine: 'native' | 'jco', workloads: readonly Workload[]): Promise<void> {
    if (workloads.length === 0) return;
    const host = this.#stack.use(await BenchHost.open({ engine }));
    const suffix = engine === 'jco' ? '-jco' : '';
    const version = `${engine} engine`;
    for (const component of new Set(workloads.map((workload) => workload.component))) {
      for (const isolation of ['request', 'reuse'] as const) {
        const server = await deploy(host, `${component}-${isolation}`, component, { isolation });
        const name = `${isolation === 'request' ? 'isolated' : 'reuse'}${suffix}`;
        for (const workload of workloads) {
          if (workload.component !== component) continue;
          await this.#addWorkload(name, workload, { ...server, version });
        }
      }
    }
    if (engine !== 'native' || !workloads.some(({ name }) => name === 'hello')) return;
    for (const isolation of ['request', 'reuse'] as const) {
      const server = await deploy(host, `p3-${isolation}`, 'hello-p3-rust', { isolation });
      const name = isolation === 'request' ? 'p3-fresh' : 'p3-reuse';
      await this.#add({ ...server, version, name, group: 'hello', request: HELLO });
    }
  }

  /** Each in a process of its own for each component that it serves; workerd has one for everything. */
  async openPeers(workloads: readonly Workload[], quick: boolean): Promise<void> {
    const components = [...new Set(workloads.map(({ component }) => component))];
    const served = components.flatMap((component) => {
      const path = componentPath(component);
      const own = workloads.filter((workload) => workload.component === component);
      const shared = quick && component !== 'hello-rust' ? [] : [createJcoServe(path, 'shared')];
      const peers = [...shared, createJcoServe(path, 'instance'), createWasmtimeServe(path)];
      return peers.map((peer): [Peer, readonly Workload[]] => [peer, own]);
    });
    const wants = this.#groups.includes('languages') || workloads.length > 0;
    const all = wants ? [[workerd, workloads] as const, ...served] : served;
    // They start in processes of their own, some for seconds.
    await Promise.all(all.map(([peer, own]) => this.#openPeer(peer, own)));
  }

  async #openPeer(peer: Peer, workloads: readonly Workload[]): Promise<void> {
    const serving = await openPeer(this.#stack, peer, this.#directory);
    const isWorkerd = peer === workerd;
    if ('reason' in serving) {
      const names = workloads.map(({ name }) => idOf(peer.name, name));
      if (isWorkerd && this.#groups.includes('languages')) names.push('js-workerd');
      this.gaps.push(...names.map((name) => ({ name, reason: serving.reason })));
      return;
    }
    const server = { ...serving, host: 'localhost', isPeer: true };
    for (const workload of workloads) await this.#addWorkload(peer.name, workload, server);
    if (!isWorkerd) return;
    await this.#add({ ...server, name: 'js-workerd', group: 'languages', request: HELLO });
  }

  /** What of JavaScript, Go and Python is built here. */
  async openLanguages(quick: boolean): Promise<void> {
    const host = this.#stack.use(await BenchHost.open());
    const languages = ['js', 'go', 'python'] as const;
    for (const language of quick ? languages.slice(0, 1) : languages) {
      const path = findLanguage(language);
      if (path === undefined) {
        const name = `${language}-isolated`;
        this.gaps.push({ name, reason: `it is not built: ${HOW_TO_BUILD[language]}` });
        continue;
      }
      const settings = { limits: LANGUAGE_LIMITS };
      const ours = await deploy(host, language, path, settings);
      const side = { group: 'languages', request: GREETING } as const;
      await this.#add({ ...ours, ...side, version: basename(path), name: `${language}-isolated` });
      if (quick) continue;
      const peers = [createJcoServe(path, 'shared'), createJcoServe(path, 'instance')];
      for (const peer of peers) {
        const name = `${language}-${peer.name}`;
        const serving = await openPeer(this.#stack, { ...peer, name }, this.#directory);
        if ('reason' in serving) this.gaps.push(serving);
        else await this.#add({ ...serving, ...side, host: 'localhost', name, isPeer: true });
      }
    }
  }

  /** What is no `wasi:http` component is run anew for each request. */
  async openCommands(): Promise<void> {
    const host = this.#stack.use(await BenchHost.open());
    for (const example of listExamples(['files-rust', 'upper-c'])) {
      await host.deploy(example.name, example);
      const { name, request } = example;
      const server = { port: host.port, host: `${name}.localhost`, version: '', isPeer: false };
      await this.#add({ ...server, name, group: 'commands', request });
    }
  }

  /** What `quick` leaves out is named like everything else that is not measured. */
  nameOmissions(workloads: readonly Workload[]): void {
    const names = workloads
      .filter(({ name }) => name !== 'hello')
      .flatMap(({ name }) =>
        ['isolated-jco', 'reuse-jco', 'jco-serve'].map((side) => idOf(side, name)),
      );
    const languages = ['js-jco-serve', 'js-jco-serve-instance', 'go-isolated', 'python-isolated'];
    if (this.#groups.includes('languages')) names.push(...languages);
    this.gaps.push(...names.map((name) => ({ name, reason: 'left out with --quick' })));
  }

  #addWorkload(
    name: string,
    { name: group, request, answer }: Workload,
    server: Server,
  ): Promise<void> {
    return this.#add({ ...server, name, group, request, answer });
  }

  async #add({ port, host, version, isPeer, name, group, request, answer }: Added): Promise<void> {
    if (!this.#groups.includes(group)) return;
    const id = idOf(name, group);
    try {
      await checkAnswer(port, host, request, answer);
    } catch (error) {
      if (!isPeer) throw new Error(`Cannot measure "${id}"`, { cause: error });
      this.gaps.push({ name: id, reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    this.sides.push({ id, group, port, request: encodeRequest(host, request), version, isPeer });
  }
}

/** Where something answers. */
interface Server {
  readonly port: number;
  /** Value of the header `host`. */
  readonly host: string;
  readonly version: string;
  readonly isPeer: boolean;
}

interface Added extends Server {
  readonly name: string;
  readonly group: GroupName;
  readonly request: ExampleRequest;
  /** Undefined: any. */
  readonly answer?: string;
}

const [{ request: HELLO }] = WORKLOADS as readonly [Workload];

const HOW_TO_BUILD = {
  js: 'node components/hello-js/build.js',
  go: 'npm run bench -- languages --only go',
  python: 'npm run bench -- languages --only python',
} as const;

/** How a side is called among all: hello and languages go without a name for their work. */
export function idOf(name: string, group: GroupName): string {
  return group === 'hello' || group === 'languages' ? name : `${name}:${group}`;
}

async function deploy(
  host: BenchHost,
  name: string,
  component: string,
  settings: BenchSettings,
): Promise<Server> {
  const path = component.includes('/') ? component : componentPath(component);
  await host.deployBytes(name, await readFile(path), settings);
  return { port: host.port, host: `${name}.localhost`, version: '', isPeer: false };
}

function findLanguage(language: 'js' | 'go' | 'python'): string | undefined {
  if (language === 'js') {
    const cache = fileURLToPath(new URL('../../components/.cache/', import.meta.url));
    const [file] = globSync('hello-js-*.wasm', { cwd: cache });
    return file === undefined ? undefined : `${cache}${file}`;
  }
  const path = `${LANGUAGES}${language}/build/hello.wasm`;
  return existsSync(path) ? path : undefined;
}
