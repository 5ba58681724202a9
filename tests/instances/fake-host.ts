/**
 * A host whose engine, clock and idle time are the test's: instances are counters, time moves when the test
 * says so, and work for idle time is done when the test lets it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HostBudget } from '../../host/limits/host-budget.ts';
import { PAGE_BYTES, type MemoryAccount } from '../../host/limits/memory-account.ts';
import { Scheduler } from '../../host/limits/scheduler.ts';
import type { GuestCpu } from '../../host/limits/guest-cpu.ts';
import type { Instance, Module, SuspendableGuest } from '../../host/engine/engine.ts';
import type { Manifest } from '../../host/engine/manifest.ts';
import { ModuleCache } from '../../host/engine/module-cache.ts';
import { VersionInstances, type InstanceParts } from '../../host/instances/version-instances.ts';
import {
  silentObserver,
  type EvictionReason,
  type InstanceState,
  type Observer,
  type StartWay,
} from '../../host/metrics/observer.ts';
import type {
  FunctionKind,
  InstanceSettings,
  Isolation,
  Version,
  VersionLimits,
} from '../../host/registry/model.ts';
import type { GuestParts, GuestState } from '../../host/wasi/guest-state.ts';
import { BufferSource, CollectSink } from '../../host/wasi/memory-bytes.ts';
import { createRecord } from '../traffic/test-records.ts';
import { ManualClock } from '../wasi/manual-clock.ts';

/** What a test says of a version; what it leaves out is as deployed without flags. */
export interface FakeSettings {
  readonly kind?: FunctionKind;
  readonly isolation?: Isolation;
  readonly limits?: Partial<VersionLimits>;
  readonly instances?: Partial<InstanceSettings>;
}

/** One instance: what it counts is what a guest would keep in a static variable. */
export class FakeInstance implements Instance {
  readonly keptBytes = 0;
  readonly module: FakeModule;
  readonly memory: MemoryAccount;
  guest: SuspendableGuest;
  count = 0;
  resets = 0;
  isClosed = false;
  isResettable = false;

  constructor(module: FakeModule, guest: SuspendableGuest, memory: MemoryAccount) {
    this.module = module;
    this.guest = guest;
    this.memory = memory;
  }

  /** Gives how often it was called in its present state. */
  async call(): Promise<number> {
    if (this.isClosed) throw new Error('a closed instance was called');
    this.count += 1;
    return this.count;
  }

  captureInitial(): string | undefined {
    if (this.count > 0) throw new Error('the state of an instance that was called was captured');
    this.isResettable = this.module.host.refusesCapture === undefined;
    return this.module.host.refusesCapture;
  }

  reset(guest: SuspendableGuest): boolean {
    const { host } = this.module;
    if (this.isClosed) throw new Error('a closed instance was reset');
    host.clock.advance(host.resetMs);
    if (!this.isResettable || host.failsReset()) return false;
    this.count = 0;
    this.resets += 1;
    this.guest = guest;
    return true;
  }

  close(): void {
    if (this.isClosed) throw new Error('an instance was closed twice');
    this.isClosed = true;
    this.module.host.live.delete(this);
  }
}

/** A module of which one memory is all there is. */
export class FakeModule implements Module {
  readonly manifest: Manifest;
  readonly codeBytes = 1;
  readonly host: FakeHost;
  isClosed = false;

  constructor(host: FakeHost) {
    this.host = host;
    const memories = [{ minPages: host.pages, importName: 'memory' }];
    this.manifest = { modules: [{ memories }] } as unknown as Manifest;
  }

  async instantiate(
    guest: SuspendableGuest,
    memory: MemoryAccount,
    _cpu: GuestCpu,
  ): Promise<Instance> {
    const { host } = this;
    if (this.isClosed) throw new Error('a closed module was instantiated');
    host.starting += 1;
    try {
      if (!memory.openMemory(this.host.pages)) throw new Error('no memory');
      host.clock.advance(host.freshMs);
      await host.start(guest as GuestState);
      const instance = new FakeInstance(this, guest, memory);
      host.live.add(instance);
      host.most = Math.max(host.most, host.live.size);
      return instance;
    } finally {
      host.starting -= 1;
    }
  }

  close(): void {
    this.isClosed = true;
  }
}

/** The host. */
export class FakeHost {
  readonly clock = new ManualClock();
  readonly budget: HostBudget;
  readonly modules: ModuleCache;
  readonly scheduler: Scheduler;
  readonly loaded: FakeModule[] = [];
  /** Instances that are not closed. */
  readonly live = new Set<FakeInstance>();
  /** Most instances that lived at a time. */
  most = 0;
  /** Instances that are starting. */
  starting = 0;
  /** What start functions do. */
  start: (guest: GuestState) => Promise<void> = async () => {};
  /** Why the initial state cannot be captured. */
  refusesCapture: string | undefined;
  failsReset: () => boolean = () => false;
  /** Of an instance's memory at first. */
  pages = 1;
  /** What making an instance takes on the clock, and what resetting one does. */
  freshMs = 0;
  resetMs = 0;
  readonly states: Record<InstanceState, number> = { running: 0, idle: 0, warm: 0 };
  readonly ways: Partial<Record<StartWay, number>> = {};
  readonly evictions: Partial<Record<EvictionReason, number>> = {};
  wanted = 0;
  readonly #tasks = new Set<() => void>();
  readonly #observer: Observer;

  /** @param memoryPages What all instances together may have. */
  constructor(memoryPages = 1_000_000) {
    const { clock } = this;
    this.budget = new HostBudget({
      memoryBytes: memoryPages * PAGE_BYTES,
      mappings: 1_000_000,
      clock,
    });
    this.#observer = {
      ...silentObserver,
      instances: (_name, state, change) => void (this.states[state] += change),
      instanceStart: (_name, way) => void (this.ways[way] = (this.ways[way] ?? 0) + 1),
      evicted: (_name, reason) => void (this.evictions[reason] = (this.evictions[reason] ?? 0) + 1),
      instancesWanted: (_name, change) => void (this.wanted += change),
    };
    this.modules = new ModuleCache({
      maxBytes: 1000,
      engine: {
        load: async () => {
          const module = new FakeModule(this);
          this.loaded.push(module);
          return module;
        },
      },
      read: async () => ({ manifest: {} as Manifest, files: new Map() }),
      clock,
      observer: this.#observer,
    });
    this.scheduler = new Scheduler({
      clock,
      ticker: {
        memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
        ticked: false,
        clear: () => {},
        close: async () => {},
      },
      threadMs: () => clock.monotonicMs(),
      afterPoll: setImmediate,
    });
  }

  /** Whether there is work for idle time. */
  get hasWork(): boolean {
    return this.#tasks.size > 0;
  }

  /** Opens the instances of a version. */
  open(settings: FakeSettings = {}, parts: Partial<InstanceParts> = {}): VersionInstances {
    return new VersionInstances(createVersion(settings), {
      modules: this.modules,
      clock: this.clock,
      observer: this.#observer,
      scheduler: this.scheduler,
      coldAllowanceMs: 0,
      startParts: createGuestParts,
      budget: this.budget,
      soon: (task) => {
        this.#tasks.add(task);
      },
      ...parts,
    });
  }

  /** Lets one turn of idle time pass. */
  async idle(): Promise<void> {
    this.runIdleWork();
    await nextTurn();
  }

  /** Runs what was put off to idle time; it may put off more. */
  runIdleWork(): void {
    const tasks = [...this.#tasks];
    this.#tasks.clear();
    for (const task of tasks) task();
  }

  /** Lets idle time pass until nothing is to be done. */
  async settle(): Promise<void> {
    await nextTurn();
    for (let turns = 0; this.hasWork; turns += 1) {
      if (turns > 1000) throw new Error('idle work has no end');
      await this.idle();
    }
  }
}

/** What an invocation gives a guest. */
export function createGuestParts(): GuestParts {
  const sink = new CollectSink({ limitBytes: 1000, beyond: 'fail' });
  return {
    arguments: [],
    environment: [],
    stdin: new BufferSource(new Uint8Array(0)),
    stdout: sink,
    stderr: sink,
    preopens: [],
    outgoingHttp: {
      send: () => {
        throw new Error('nothing is sent here');
      },
    },
  };
}

/** A version as deployed. */
export function createVersion({ kind, isolation, limits, instances }: FakeSettings): Version {
  const version = createRecord('app').live;
  return {
    ...version,
    kind: kind ?? 'http',
    settings: {
      ...version.settings,
      isolation: isolation ?? 'request',
      limits: {
        ...version.settings.limits,
        memoryBytes: 16 * PAGE_BYTES,
        concurrency: 100,
        queue: 1000,
        ...limits,
      },
      instances: {
        min: 0,
        max: 100,
        reuseCount: 1_000_000,
        concurrentReuseCount: 1,
        maxAgeMs: 3_600_000,
        idleTimeoutMs: 30_000,
        snapshot: 'auto',
        ...instances,
      },
    },
  };
}
