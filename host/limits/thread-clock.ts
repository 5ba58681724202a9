/**
 * CPU time of the calling thread.
 *
 * `process.threadCpuUsage()` is exact only to the kernel's tick, 4 ms on many machines: useless for a limit of
 * 50 ms. The clock that WASI calls `thread_cputime_id` is exact to less than a microsecond and costs 0.25 µs, and Node has it
 * in `node:wasi`. Nothing else of that module is used, and no guest ever meets it.
 */
import process from 'node:process';

/** Number of `clockid::thread_cputime_id` in WASI preview 1. */
const THREAD_CPU_TIME = 3;

/** Gives CPU time of the calling thread, ms since some moment. */
export type ThreadClock = () => number;

/** Opens the exact clock, or where Node refuses it (under its permission model) the coarse one. */
export function openThreadClock(): ThreadClock {
  try {
    return openExactClock();
  } catch {
    return () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1000;
    };
  }
}

function openExactClock(): ThreadClock {
  const { WASI } = loadWasi();
  const wasi = new WASI({ version: 'preview1' });
  const memory = new WebAssembly.Memory({ initial: 1 });
  // The instance is only looked at for its memory.
  wasi.finalizeBindings({ exports: { memory } });
  const getTime = wasi.wasiImport['clock_time_get'] as (
    clock: number,
    precision: bigint,
    pointer: number,
  ) => number;
  const words = new Uint32Array(memory.buffer, 0, 2);
  const read = (): number => {
    if (getTime(THREAD_CPU_TIME, 1n, 0) !== 0) throw new Error('This thread has no CPU clock');
    return ((words[0] ?? 0) + (words[1] ?? 0) * 2 ** 32) / 1e6;
  };
  read();
  return read;
}

/** Loads `node:wasi` without the warning that WASI is an experiment: none of it is used. */
function loadWasi(): typeof import('node:wasi') {
  const original = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:wasi');
  } finally {
    if (original !== undefined) Object.defineProperty(process, 'emitWarning', original);
  }
}
