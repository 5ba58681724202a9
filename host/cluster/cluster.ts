/**
 * The supervisor's side of all other processes: the socket they connect to, the launcher, the fleet, and what
 * workers ask for.
 */
import type { Server, Socket } from 'node:net';
import { existsSync } from 'node:fs';
import type { ArtifactStore } from '../artifacts/store.ts';
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import type { Config } from '../config/schema.ts';
import { preparedKey } from '../deploy/prepared-key.ts';
import type { PreparedArtifact } from '../engine/engine.ts';
import type { StoredFile } from '../artifacts/store.ts';
import { RpcLink } from '../links/rpc-link.ts';
import { listenOnPath } from '../links/unix-socket.ts';
import type { GuestLog } from '../logs/guest-log.ts';
import type { Log } from '../logs/log.ts';
import type { ClusterMetrics } from '../metrics/cluster-metrics.ts';
import { readResidentBytes } from '../metrics/resident-memory.ts';
import type { WorkerFeed } from '../metrics/worker-feed.ts';
import type { RouteSnapshot } from '../registry/model.ts';
import type { Registry } from '../registry/registry.ts';
import { Fleet, IDLE_MS } from './fleet.ts';
import type { WorkerExit } from './launcher-messages.ts';
import { Launchers } from './launchers.ts';
import type { RunDirectory } from './run-directory.ts';
import { stateOf } from './route-changes.ts';
import { Backoff } from './watchdog/backoff.ts';
import type { BlameBook } from './watchdog/blame-book.ts';
import { parseStuckReport, STUCK_METHOD, type StuckReport } from './watchdog/stuck-report.ts';
import { QuotaAuthority, type QuotaSession } from './quotas/quota-authority.ts';
import { WorkerLines } from './worker-lines.ts';
import {
  artifactSchema,
  configDigest,
  helloSchema,
  type ArtifactAnswer,
  type Dismissal,
  type Hello,
  type Welcome,
} from './worker-messages.ts';
import type { WorkerPeer } from './worker-peer.ts';
import { createWorkerSpec } from './worker-spec.ts';

/** How long a worker has for a page of figures. */
const DUMP_MS = 1000;
/** Who has run for this long and is killed from outside is replaced at once. */
const KILLED_MS = 1000;

/** What the cluster works with. */
export interface ClusterParts {
  readonly config: Config;
  readonly workers: number;
  readonly release: string;
  readonly run: RunDirectory;
  /** Files that workers read besides those of the data directory. */
  readonly readable: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Pick<Registry, 'snapshot'>;
  readonly blame: BlameBook;
  readonly metrics: ClusterMetrics;
  readonly guestLog: GuestLog;
  readonly artifacts: Pick<ArtifactStore, 'loadPrepared'>;
  readonly deployer: {
    load(artifact: Digest): Promise<PreparedArtifact>;
    openFile(digest: Digest): Promise<StoredFile>;
  };
}

/** All other processes of the host. */
export class Cluster {
  readonly fleet: Fleet;
  #quotas: QuotaAuthority | undefined;
  readonly #parts: ClusterParts;
  readonly #lines: WorkerLines;
  readonly #launchers: Launchers;
  readonly #links = new Set<RpcLink>();
  #server: Server | undefined;
  readonly #backoff = new Backoff();
  #hasLeft = false;
  #hasOutdated = false;
  readonly #configDigest: string;
  /** Resolves when it is known whether there is a launcher. */
  readonly #looked = Promise.withResolvers<void>();

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.#configDigest = configDigest(parts.config);
    const { workers, config, clock, log, release, readable, registry, guestLog } = parts;
    this.#lines = new WorkerLines({
      guestLog,
      log,
      isDeployed: (name) => registry.snapshot.functions.has(name),
    });
    this.#launchers = new Launchers({
      run: parts.run,
      listen: config.listen,
      clock,
      log,
      onExited: (exit) => this.fleet.handleExit(exit),
      onLost: () => this.fleet.orphan(),
      freeAddress: () => this.fleet.drainOrphans(),
      onReplaced: () => this.fleet.refill(),
    });
    this.fleet = new Fleet({
      size: workers,
      drainTimeoutMs: config.drainTimeoutMs,
      clock,
      log,
      launcher: () => this.#launchers.current,
      createSpec: (id) =>
        createWorkerSpec(id, { release, readable, run: parts.run, dataDirectory: config.dataDir }),
      restartDelayMs: (peer, exit) => this.#restartDelayMs(peer, exit),
      onRetiring: ({ id }) => this.#quotas?.retire(id),
      onGone: (peer) => {
        this.#lines.forget(peer.id);
        this.#quotas?.leave(peer.id);
      },
      onReplaced: (why) => parts.metrics.restarted(why),
    });
  }

  /**
   * Takes over what is there, starts what is missing.
   *
   * @returns Where the workers listen.
   * @throws {listen_failed} If the address cannot be had.
   */
  async start(): Promise<ListenAddress> {
    const { run, log } = this.#parts;
    const hadLauncher = existsSync(run.launcherSocket);
    this.#server = await listenOnPath(run.supervisorSocket, (socket) => this.#accept(socket));
    const found = await this.#launchers.find();
    this.#quotas = this.#openQuotas(found?.view.workers ?? []);
    this.#looked.resolve();
    if (found === undefined) await this.#launchers.start(hadLauncher);
    else log.info('taking over the launcher that is there');
    const { address, workers } = await this.#launchers.current.describe();
    await this.fleet.start(workers);
    if (this.#hasOutdated) void this.#replaceOutdated();
    return address;
  }

  /** Resolves when no worker serves anything older. */
  publish(snapshot: RouteSnapshot): Promise<void> {
    this.#quotas?.follow(snapshot);
    return this.fleet.publish(snapshot);
  }

  /** Has all workers finish what is under way, and ends the launcher. */
  async close(): Promise<void> {
    this.#launchers.close();
    if (!this.#hasLeft) {
      await this.fleet.close();
      this.#launchers.end();
    }
    this.#server?.close();
    for (const link of this.#links) link.close();
  }

  /** Lets go of all of them: they go on, and another supervisor takes them over. */
  leave(): void {
    this.#hasLeft = true;
    this.#launchers.leave();
  }

  /** Kills all of them. */
  endNow(): void {
    for (const peer of this.fleet.peers) this.fleet.kill(peer);
    this.#launchers.endNow();
  }

  /** Resident memory of the launcher, bytes; undefined if it is not known. */
  launcherResidentBytes(): number | undefined {
    const { pid } = this.#launchers;
    return pid === undefined ? undefined : readResidentBytes(pid);
  }

  #accept(socket: Socket): void {
    let peer: WorkerPeer | undefined;
    /** Name of the peer, or of a worker that is sent away: for its lines. */
    let speaker: string | undefined;
    let figures: WorkerFeed | undefined;
    let quotas: QuotaSession | undefined;
    const known = (): WorkerPeer => {
      if (peer === undefined) throw new HostError('no_worker');
      return peer;
    };
    const link: RpcLink = new RpcLink(socket, {
      handlers: {
        'worker.hello': async (params) => {
          const hello = helloSchema.parse(params);
          peer = await this.#welcome(hello, link);
          speaker = peer?.id ?? `${hello.worker} of process ${hello.pid}`;
          if (peer === undefined) return this.#dismiss(hello, link);
          if (hello.ready) figures = this.#followFigures(peer, link);
          // After the answer, which says who speaks.
          setImmediate(() => (quotas = this.#lendTo(hello.worker, link)));
          return this.#answerTo(peer, hello.epoch);
        },
        'worker.ready': () => {
          known().markReady();
          figures = this.#followFigures(known(), link);
        },
        [STUCK_METHOD]: (params) => this.#handleStuck(parseStuckReport(params)),
        quotas: (messages) => quotas?.receive(messages),
        'metrics.page': (page) => figures?.accept(page),
        'log.lines': (params) => ({ next: this.#lines.take(speaker ?? known().id, params) }),
        'artifact.load': (params) => this.#loadArtifact(artifactSchema.parse(params).digest),
        'artifact.openFile': (params) => this.#openFile(artifactSchema.parse(params).digest),
      },
      onNoticeFailed: (method, err) => {
        this.#parts.log.error({ err, method, worker: peer?.id }, 'a notice was not understood');
        // Its counts cannot be trusted any more: it tells all of them again.
        if (method === 'quotas') link.close();
      },
      onClose: () => {
        this.#links.delete(link);
        figures?.depart();
        quotas?.disconnect();
        peer?.disconnect(link);
        if (peer === undefined && speaker !== undefined) this.#lines.forget(speaker);
      },
    });
    this.#links.add(link);
  }

  /** @param found Workers that are there already, and hold something. */
  #openQuotas(found: readonly { readonly id: string }[]): QuotaAuthority {
    const { clock, config, registry, workers } = this.#parts;
    const quotas = new QuotaAuthority({
      clock,
      memoryBytes: config.limits.memoryBytes ?? 0,
      workers,
      expected: found.map(({ id }) => id),
    });
    quotas.follow(registry.snapshot);
    return quotas;
  }

  #lendTo(worker: string, link: RpcLink): QuotaSession | undefined {
    return this.#quotas?.connect(worker, (messages) => link.notify('quotas', messages));
  }

  #followFigures({ id }: WorkerPeer, link: RpcLink): WorkerFeed {
    const { metrics } = this.#parts;
    return metrics.join(id, (request) => link.call('metrics.dump', request, DUMP_MS));
  }

  /** Workers of another release, or with another configuration, were taken over. */
  async #replaceOutdated(): Promise<void> {
    const { log } = this.#parts;
    log.info('replacing the workers: release or configuration are new');
    await this.fleet
      .reload()
      .catch((err: unknown) => log.error({ err }, 'cannot replace the workers'));
  }

  /** Takes one of our workers, also one that the launcher has started by itself; undefined for others. */
  async #welcome(hello: Hello, link: RpcLink): Promise<WorkerPeer | undefined> {
    await this.#looked.promise;
    if (!this.fleet.knows(hello)) {
      const workers = await this.#launchers.workers();
      if (!workers.some(({ id, pid }) => id === hello.worker && pid === hello.pid))
        return undefined;
      this.fleet.adopt(hello);
    }
    const { release } = this.#parts;
    const isOutdated = hello.release !== release || hello.config !== this.#configDigest;
    if (hello.ready && isOutdated) this.#hasOutdated = true;
    return this.fleet.connect(hello, link);
  }

  /** The launcher of a worker was killed: it may hold the address, and nobody would notice its end. */
  #dismiss({ worker, pid }: Hello, link: RpcLink): Dismissal {
    this.#parts.log.warn({ worker, pid }, 'ending a worker without a launcher');
    // After the answer, with which it knows that it may still say what its guests wrote.
    setImmediate(() => link.notify('worker.drain', { idleMs: IDLE_MS }));
    return { dismissed: true };
  }

  #answerTo(peer: WorkerPeer, epoch: number): Welcome {
    const { registry, config, blame } = this.#parts;
    const { snapshot } = registry;
    const { quarantined } = blame;
    if (epoch === snapshot.epoch) return { config, quarantined };
    peer.welcomed(snapshot);
    return { config, quarantined, routes: stateOf(snapshot) };
  }

  /** A watchdog speaks for its worker, which cannot. */
  #handleStuck(report: StuckReport): void {
    const peer = this.fleet.get(report.worker);
    if (peer?.pid !== report.pid || peer.isStuck) return;
    peer.isStuck = true;
    this.fleet.kill(peer);
    this.#parts.blame.report(report);
  }

  #restartDelayMs(peer: WorkerPeer, { signal }: WorkerExit): number {
    const ranMs = this.#parts.clock.monotonicMs() - peer.sinceMs;
    // Somebody has killed it: that says nothing about the next one.
    if (signal === 'SIGKILL' && !peer.isStuck && ranMs > KILLED_MS) return 0;
    return this.#backoff.ended(ranMs);
  }

  async #loadArtifact(artifact: Digest): Promise<ArtifactAnswer> {
    const { deployer, artifacts } = this.#parts;
    const prepared = await deployer.load(artifact);
    try {
      await artifacts.loadPrepared(preparedKey(artifact));
      return {};
    } catch {
      // The disk takes nothing now: the worker gets what it cannot read.
      const files = [...prepared.files].map(
        ([name, bytes]) => [name, Buffer.from(bytes).toString('base64')] as const,
      );
      return { files: Object.fromEntries(files) };
    }
  }

  async #openFile(digest: Digest): Promise<object> {
    const file = await this.#parts.deployer.openFile(digest);
    await file.close();
    return {};
  }
}
