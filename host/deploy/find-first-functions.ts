/**
 * Finds out which functions of a component's core modules its first request will call, so that they are compiled before
 * and together (`host/wasm/compilation-hints.ts`): the component is called once, as a copy that notes what is entered, by a guest
 * to whom nothing was granted. Whatever it does, also if it traps or never returns, says no more than which functions these are.
 */
import { performance } from 'node:perf_hooks';
import { NO_BODY, CollectSink } from '../wasi/memory-bytes.ts';
import { createNativeEngine } from '../engine/native/native-engine.ts';
import type { Instance, Module } from '../engine/engine.ts';
import { MemoryAccount } from '../limits/memory-account.ts';
import { HttpExchange } from '../wasi/http/exchange.ts';
import type { GuestState } from '../wasi/guest-state.ts';
import { wasiInterfaces } from '../wasi/interfaces.ts';
import { Request } from '../wasi/p3/http/request.ts';
import { Response } from '../wasi/p3/http/response.ts';
import type { HttpResponder, IncomingHttpRequest } from '../wasi/ports.ts';
import { noteEntries, type NotingModule } from '../wasm/function-entries.ts';
import { RESERVED_EXPORT } from '../wasm/module-contract.ts';
import { TrialCpu } from './trial-cpu.ts';
import { createTrialGuest } from './trial-guest.ts';
import type { TrialArtifact } from './try-out.ts';

/** Time that the call has, starting included, ms. */
const CALL_MS = 250;
/** Memory beyond what its instance starts with. */
const MORE_MEMORY_BYTES = 64 * 1024 * 1024;
/** Bytes of a response; more end the call. */
const RESPONSE_BYTES = 1024 * 1024;

/** Memory that a byte of a copied module takes: V8 has it once more, and writes code. */
const BYTES_PER_MODULE_BYTE = 4;
/** Memory that a function of it takes: V8 makes an object of each global that is exported, and of its name (442 MB for 900,000). */
const BYTES_PER_FUNCTION = 512;

/** What most functions are asked first. */
const REQUEST: IncomingHttpRequest = {
  method: 'GET',
  scheme: 'http',
  authority: 'localhost',
  pathWithQuery: '/',
  headers: [['accept', Buffer.from('*/*')]],
  body: NO_BODY,
  trailers: () => Promise.resolve(undefined),
};

/**
 * Calls a component that was tried out before.
 *
 * @param startBytes Memory its instance starts with.
 * @param spareBytes Memory that this process may still take. A component that may need more is not called.
 * @returns Of each core module the indices of the functions that were entered; nothing if it was not called, which is so as
 *   well where the engine is not the native one.
 */
export async function findFirstFunctions(
  { manifest, files }: TrialArtifact,
  startBytes: number,
  spareBytes: number,
): Promise<readonly (readonly number[])[]> {
  if (manifest.engine !== 'native') return [];
  const memoryBytes = startBytes + MORE_MEMORY_BYTES;
  const copies = new Map(files.map(({ name, bytes }) => [name, bytes]));
  const noting = manifest.modules.map(({ file }) => {
    const copy = noteEntries(copies.get(file) ?? new Uint8Array());
    copies.set(file, copy.bytes);
    return copy;
  });
  const codeBytes = noting.reduce(
    (sum, { bytes, count }) =>
      sum + bytes.byteLength * BYTES_PER_MODULE_BYTE + count * BYTES_PER_FUNCTION,
    0,
  );
  if (memoryBytes + codeBytes > spareBytes) return [];
  const made: (readonly [module: number, exports: WebAssembly.Exports])[] = [];
  const engine = createNativeEngine(wasiInterfaces, (...core) => made.push(core));
  const guest = createTrialGuest();
  try {
    const module = await engine.load({ manifest, files: copies });
    await callFirst(module, guest, memoryBytes);
  } catch {
    // It was tried out; how it takes this request is between it and its clients.
  } finally {
    guest.finish();
  }
  return noting.map((copy, index) => {
    const entered = made
      .filter(([of]) => of === index)
      .flatMap(([, exports]) => readEntries(copy, exports));
    return [...new Set(entered)].sort((one, other) => one - other);
  });
}

/**
 * Reads what an instance of a copy has noted so far.
 *
 * @returns Indices of the functions that were entered, in order.
 */
export function readEntries(
  { first, count }: Pick<NotingModule, 'first' | 'count'>,
  exports: WebAssembly.Exports,
): readonly number[] {
  const entered: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const global = exports[RESERVED_EXPORT.entered(index)];
    if (global instanceof WebAssembly.Global && global.value === 1) entered.push(first + index);
  }
  return entered;
}

/** Makes an instance and calls it, for as long as a call has. */
async function callFirst(module: Module, guest: GuestState, memoryBytes: number): Promise<void> {
  const timer = setTimeout(() => guest.endNow({ kind: 'timeout' }), CALL_MS);
  try {
    const cpu = new TrialCpu(performance.now() + CALL_MS, guest);
    const instance = await module.instantiate(guest, new MemoryAccount(memoryBytes), cpu);
    const { interface: entry } = module.manifest.entry;
    await Promise.race([callOnce(instance, guest, entry), guest.untilEnded()]);
  } finally {
    clearTimeout(timer);
  }
}

async function callOnce(instance: Instance, guest: GuestState, entry: string): Promise<void> {
  const responder = createResponder();
  const exchange = new HttpExchange(guest, REQUEST, responder, {
    responseBodyBytes: RESPONSE_BYTES,
  });
  if (entry.startsWith('wasi:http/incoming-handler@')) {
    await instance.call([exchange.incomingRequest, exchange.responseOutparam]);
  } else if (entry.startsWith('wasi:http/handler@')) {
    await instance.call([
      Request.arrived(guest, REQUEST),
      (result: { tag: 'ok'; val: Response } | { tag: 'err' }) => {
        if (result.tag === 'ok') exchange.respond(Response.send(result.val).parts);
      },
    ]);
  } else {
    await instance.call([]);
  }
}

/** Takes a response and drops it. */
function createResponder(): HttpResponder {
  return {
    begin: () => new CollectSink({ limitBytes: 0, beyond: 'discard' }),
    end: () => {},
    abort: () => {},
  };
}
