/**
 * A host of several processes, and what a test needs to treat it badly: who they are, whose a connection is, and
 * that none of them outlives the test, whatever has become of it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import '../support/plain-spawn.ts';
import { runDirectoryOf } from '../../host/cluster/run-directory.ts';
import type { ReloadView } from '../../host/admin/views.ts';
import { startHostProcess, type HostProcess, type StartOptions } from '../e2e/host-process.ts';

/** Time that something may take which depends on events and not on a clock. */
const PATIENCE_MS = 30_000;

/** A worker process. */
export interface WorkerProcess {
  readonly id: string;
  readonly pid: number;
}

/** How a host is started. */
export interface WorkersOptions extends StartOptions {
  /** 2 if left out. */
  readonly workers?: number;
  /** In the shape of the configuration file. */
  readonly config?: object;
}

/**
 * Waits for the end of the test, which closes its stdin, and kills whatever has the folder among its arguments: also if the
 * test was killed itself. Several rounds, because one may be starting another.
 */
const REAPER = `
  read -r line
  for round in 1 2 3 4 5; do
    for pid in $(ps -ww -eo pid=,args= | grep -F -- "$0/" | grep -v grep | awk '{ print $1 }'); do
      [ "$pid" = $$ ] || kill -9 "$pid"
    done
  done`;

/** A data directory and the hosts that run on it, one after the other. */
export class WorkersHost {
  readonly dataDir: string;
  readonly #t: Test;
  readonly #options: WorkersOptions;
  #host: HostProcess | undefined;
  readonly #listen: string;

  private constructor(t: Test, dataDir: string, listen: string, options: WorkersOptions) {
    this.#t = t;
    this.dataDir = dataDir;
    this.#listen = listen;
    this.#options = options;
  }

  /** Starts a host in a directory of its own. */
  static async start(t: Test, options: WorkersOptions = {}): Promise<WorkersHost> {
    // Not the test's own folder: the path of a socket must be short.
    const folder = await mkdtemp(join(tmpdir(), 'wf-'));
    const dataDir = join(folder, 'data');
    const stdio = ['pipe', 'ignore', 'ignore'] as const;
    const reaper = spawn('sh', ['-c', REAPER, folder], { stdio: [...stdio], detached: true });
    reaper.unref();
    t.teardown(async () => {
      killAllOf(dataDir);
      reaper.stdin?.end();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    if (options.config !== undefined) {
      await writeFile(join(folder, 'faas.json'), JSON.stringify(options.config));
    }
    // The same for each supervisor: another address would be another configuration.
    const listen = `127.0.0.1:${await findFreePort()}`;
    const host = new WorkersHost(t, dataDir, listen, options);
    await host.startSupervisor();
    return host;
  }

  /** The host of this moment. */
  get host(): HostProcess {
    if (this.#host === undefined) throw new Error('no host was started');
    return this.#host;
  }

  get port(): number {
    return this.host.port;
  }

  get supervisorPid(): number {
    return this.host.process.child.pid ?? 0;
  }

  /** Starts a supervisor on the data directory, at the same address as the ones before. Resolves when it is ready. */
  async startSupervisor(): Promise<HostProcess> {
    const { workers = 2, config } = this.#options;
    const file = config === undefined ? [] : ['--config', join(this.dataDir, '..', 'faas.json')];
    const args = ['--workers', String(workers), ...file, '--listen', this.#listen];
    try {
      this.#host = await startHostProcess(this.#t, this.dataDir, args, this.#options);
    } catch (error) {
      // Its workers hold its stderr open, and whoever waits for its end waits for that.
      killAllOf(this.dataDir);
      throw error;
    }
    // Before what waits for the end of the supervisor, for the same reason.
    this.#t.teardown(() => killAllOf(this.dataDir));
    return this.#host;
  }

  /** Kills the supervisor alone. */
  async killSupervisor(): Promise<void> {
    const { child } = this.host.process;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Asks for a rolling restart. Resolves with how many workers were replaced, when they are. */
  async reload(): Promise<number> {
    const path = '/v1/reload';
    const { workers } = await this.host.api.json<ReloadView>({ method: 'POST', path, json: {} });
    return workers;
  }

  /** Workers that run, by age. */
  workers(): readonly WorkerProcess[] {
    return listProcesses()
      .filter(({ args }) => args.includes(` ${this.dataDir} `))
      .flatMap(({ pid, args }) => {
        const id = / (worker-\d+) /.exec(args)?.[1];
        return id === undefined ? [] : [{ id, pid }];
      })
      .sort((a, b) => Number(a.id.slice(7)) - Number(b.id.slice(7)));
  }

  /** The launcher that was started as one. */
  launcherPid(): number | undefined {
    const { launcherSocket } = runDirectoryOf(this.dataDir);
    return listProcesses().find(({ args }) => args.includes(` ${launcherSocket} `))?.pid;
  }

  /** The launchers that were started as spare ones, be they spare or not. */
  sparePids(): readonly number[] {
    const { spareSocket } = runDirectoryOf(this.dataDir);
    return listProcesses()
      .filter(({ args }) => args.includes(` ${spareSocket} `))
      .map(({ pid }) => pid);
  }

  /** Waits until something is so. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    while (!(await isSo())) {
      if (performance.now() > endMs) throw new Error(`it did not come to that: ${what}`);
      await delay(20);
    }
  }

  /** Waits until so many workers serve that were not there before. */
  async untilReplaced(before: readonly WorkerProcess[], count = before.length): Promise<void> {
    const old = new Set(before.map(({ pid }) => pid));
    await this.until('all workers serve', async () => {
      const now = this.workers();
      return (
        now.length === count && now.every(({ pid }) => !old.has(pid)) && (await this.allServe())
      );
    });
  }

  /** Whether all workers that should be there serve. */
  async allServe(): Promise<boolean> {
    const { workers = 2 } = this.#options;
    return (await this.host.metrics()).get('faas_workers{state="ready"}') === workers;
  }

  /** Client ports of the connections that a process has accepted on the data plane's port. Linux only. */
  clientPortsOf(pid: number): ReadonlySet<number> {
    const inodes = new Set<string>();
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        if (inode !== undefined) inodes.add(inode);
      } catch {
        // Closed in the meantime.
      }
    }
    const ports = new Set<number>();
    for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
      const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/);
      const isOurs = Number.parseInt(local.split(':')[1] ?? '', 16) === this.port;
      if (isOurs && inodes.has(inode)) ports.add(Number.parseInt(remote.split(':')[1] ?? '', 16));
    }
    ports.delete(0);
    return ports;
  }
}

/** Every process that belongs to a data directory. */
export function processesOf(dataDir: string): readonly number[] {
  return listProcesses()
    .filter(({ args }) => args.includes(` ${dataDir} `) || isLauncherOf(dataDir, args))
    .map(({ pid }) => pid);
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function isLauncherOf(dataDir: string, args: string): boolean {
  const { launcherSocket, spareSocket } = runDirectoryOf(dataDir);
  return [launcherSocket, spareSocket].some((path) => args.includes(` ${path} `));
}

/** Kills them until there are none: one may be starting another. */
function killAllOf(dataDir: string): void {
  for (let rounds = 0; rounds < 50; rounds += 1) {
    const pids = processesOf(dataDir);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }
}

function listProcesses(): readonly { readonly pid: number; readonly args: string }[] {
  const text = execFileSync('ps', ['-ww', '-eo', 'pid=,stat=,args='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const [, pid, state, args] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    // One that has ended is in the list until its parent has asked for its exit code.
    if (pid === undefined || args === undefined || state?.startsWith('Z') === true) return [];
    return [{ pid: Number(pid), args: `${args} ` }];
  });
}
