/**
 * The kernels in a process of their own, as they came and as deploy rewrites them: one module a side, each
 * compiled from bytes of its own, run in turn on one thread with the host's real meter and ticker.
 *
 * Samples are CPU time of the thread: what neighbours on the machine take away does not count.
 */
import { systemClock } from '../../host/base/clock.ts';
import { HostImports } from '../../host/engine/host-imports.ts';
import { CpuMeter } from '../../host/limits/cpu-meter.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { Scheduler } from '../../host/limits/scheduler.ts';
import { openThreadClock } from '../../host/limits/thread-clock.ts';
import { rewriteCoreModule, type RewriteOptions } from '../../host/wasm/rewrite-core-module.ts';
import { alternate } from './alternate.ts';
import { answerParent } from './answer-parent.ts';
import { KERNELS, kernelExport, readKernelModule, type Kernel } from './kernels.ts';
import { withNonce } from './nonce.ts';

/** What is compared. `control` is `unchecked` once more: what it differs by is noise. */
export type KernelSide = 'unchecked' | 'control' | 'checks' | 'mark' | 'checked';

/** Runs every kernel on every side, `rounds` times after a warm-up. */
export interface KernelQuestion {
  readonly rounds: number;
}

/** CPU time of each call, ms, by kernel and side. */
export type KernelAnswer = readonly {
  readonly kernel: string;
  readonly samples: Readonly<Record<KernelSide, readonly number[]>>;
}[];

/** A kernel of one side, ready to be called. */
type Call = () => Promise<number>;

/** Before V8 has optimised a function it is called that often, and for at least that long, ms. */
const WARM_UP = { calls: 12, ms: 150 };
const MEMORY_BYTES = 256 * 2 ** 20;

/** What deploy does by default is `checked`; the others say what its parts cost. */
const REWRITINGS: readonly (readonly [KernelSide, RewriteOptions])[] = [
  ['checks', { checks: true, waterMark: false }],
  ['mark', { checks: false, waterMark: true }],
  ['checked', {}],
];

const scheduler = await Scheduler.open({ clock: systemClock });
const threadMs = openThreadClock();
const sides = await openSides();

answerParent(
  'ready',
  ({ rounds }: KernelQuestion) => measureAll(rounds),
  () => scheduler.close(),
);

async function measureAll(rounds: number): Promise<KernelAnswer> {
  const found: { kernel: string; samples: Record<KernelSide, readonly number[]> }[] = [];
  for (const kernel of KERNELS) found.push(await measureKernel(kernel, rounds));
  return found;
}

async function measureKernel(
  { name, size }: Kernel,
  rounds: number,
): Promise<{ kernel: string; samples: Record<KernelSide, readonly number[]> }> {
  const calls = [...sides].map(([side, open]) => ({ side, call: open(name, size) }));
  const [first] = calls;
  const expected = await first?.call();
  for (const { call } of calls) await warmUp(call);
  const samples: Record<KernelSide, number[]> = {
    unchecked: [],
    control: [],
    checks: [],
    mark: [],
    checked: [],
  };
  for (const round of alternate(calls, rounds)) {
    for (const { side, call } of round) {
      const startedMs = threadMs();
      const result = await call();
      samples[side].push(threadMs() - startedMs);
      if (result !== expected) {
        throw new Error(`Cannot measure ${name}: ${side} computed ${result}, not ${expected}`);
      }
    }
  }
  return { kernel: name, samples };
}

/** Calls until V8 had time and reason to compile everything well. */
async function warmUp(call: Call): Promise<void> {
  const endMs = performance.now() + WARM_UP.ms;
  for (let calls = 0; calls < WARM_UP.calls || performance.now() < endMs; calls += 1) {
    await call();
    // The optimised code arrives in a task of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function openSides(): Promise<ReadonlyMap<KernelSide, (name: string, size: number) => Call>> {
  const original = readKernelModule();
  const opened = new Map<KernelSide, (name: string, size: number) => Call>();
  for (const side of ['unchecked', 'control'] as const) {
    const module = await WebAssembly.compile(Uint8Array.from(withNonce(original)));
    const { exports } = new WebAssembly.Instance(module, refuseImports(module));
    opened.set(side, (name, size) => {
      const run = promise(exports, name);
      return async () => (await run(size)) >>> 0;
    });
  }
  for (const [side, options] of REWRITINGS)
    opened.set(side, await openRewritten(original, options));
  return opened;
}

async function openRewritten(
  original: Uint8Array,
  options: RewriteOptions,
): Promise<(name: string, size: number) => Call> {
  const { bytes, contract } = rewriteCoreModule(withNonce(original), options);
  const module = await WebAssembly.compile(Uint8Array.from(bytes));
  const meter = new CpuMeter(scheduler, scheduler.share('kernels'));
  meter.begin(
    { cpuMs: Infinity },
    {
      endForCpu: () => {
        throw new Error('A kernel without a limit met it');
      },
    },
  );
  const memory = new MemoryAccount(MEMORY_BYTES);
  const host = new HostImports({ memory, cpu: meter, calls: () => 0 });
  const core = { name: 'kernels', file: '', ...contract };
  const imports = host.addTo(core, refuseImports(module)) ?? {};
  const { exports } = new WebAssembly.Instance(module, imports);
  return (name, size) => {
    const run = promise(exports, name);
    return async () => {
      meter.enter();
      let running: Promise<number>;
      try {
        running = run(size);
      } finally {
        meter.leave();
      }
      return (await running) >>> 0;
    };
  };
}

function promise(exports: WebAssembly.Exports, name: string): (size: number) => Promise<number> {
  const run = exports[kernelExport(name)];
  if (typeof run !== 'function') throw new Error(`Cannot find the kernel "${name}"`);
  return WebAssembly.promising(run) as (size: number) => Promise<number>;
}

/** Whatever a kernel would call of WASI. */
function refuseImports(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== 'function') continue;
    imports[from] ??= {};
    imports[from][name] = () => {
      throw new Error(`A kernel called "${from}" "${name}"`);
    };
  }
  return imports;
}
