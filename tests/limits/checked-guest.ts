/** Guests with hand-written checks, as deploy puts them into core modules, on a real scheduler. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { createEnding, endReasonOf } from '../../host/component/ending.ts';
import { CpuMeter } from '../../host/limits/cpu-meter.ts';
import type { Scheduler } from '../../host/limits/scheduler.ts';

/** What a call came to. */
export interface Burnt {
  /** Kind of the ending, `returned`, or what else it threw. */
  readonly outcome: unknown;
  readonly usedMs: number;
}

/** A live guest. */
export interface CheckedGuest {
  readonly meter: CpuMeter;
  /** Calls `spin` (for ever), or `nop`. */
  call(name: 'spin' | 'nop'): Promise<Burnt>;
  /** Calls `spin` as the host calls `cabi_realloc`: nothing can be suspended. */
  callNested(): Burnt;
}

const CHECK = '(if (i32.load (i32.const 0)) (then (call $slow)))';

let compiled: WebAssembly.Module | undefined;

/** Makes a guest of a function. */
export async function checkedGuest(
  scheduler: Scheduler,
  key: string,
  cpuMs: number,
): Promise<CheckedGuest> {
  compiled ??= new WebAssembly.Module(
    await parse(`(module
      (import "faas:host" "epoch" (memory 1 1 shared))
      (import "faas:host" "expired" (func $expired (result i32)))
      (import "faas:host" "yield" (func $yield))
      (import "faas:host" "nested" (func $nested))
      (func $slow
        (if (call $expired)
          (then
            (block $caught (try_table (catch_all $caught) (call $yield) (return)))
            (call $nested))))
      (func (export "spin") (loop $again ${CHECK} (br $again)))
      (func (export "nop")))`),
  );
  const meter = new CpuMeter(scheduler, scheduler.share(key));
  meter.begin(
    { cpuMs },
    {
      endForCpu: () => {
        throw createEnding({ kind: 'cpu_limit' });
      },
    },
  );
  const { exports } = new WebAssembly.Instance(compiled, {
    'faas:host': {
      epoch: meter.epoch,
      expired: () => meter.expired(),
      yield: new WebAssembly.Suspending(() => meter.yield()),
      nested: () => meter.nested(0),
    },
  });
  const burnt = (outcome: unknown): Burnt => ({ outcome, usedMs: meter.usedMs });
  const failed = (error: unknown): Burnt => burnt(endReasonOf(error)?.kind ?? error);
  return {
    meter,
    call: (name) => {
      const run = WebAssembly.promising(exports[name] as () => void);
      meter.enter();
      try {
        return run().then(() => burnt('returned'), failed);
      } finally {
        meter.leave();
      }
    },
    callNested: () => {
      meter.enter();
      try {
        (exports['spin'] as () => void)();
        return burnt('returned');
      } catch (error) {
        return failed(error);
      } finally {
        meter.leave();
      }
    },
  };
}
