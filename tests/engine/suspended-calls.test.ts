import t from 'tap';
import '../support/plain-spawn.ts';
import { systemClock } from '../../host/base/clock.ts';
import { endReasonOf } from '../../host/component/ending.ts';
import { prepare } from '../../host/deploy/prepare.ts';
import { createTrialGuest } from '../../host/deploy/trial-guest.ts';
import type { Module } from '../../host/engine/engine.ts';
import { createEngines } from '../../host/engine/engines.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import type { GuestState } from '../../host/wasi/guest-state.ts';
import { HttpExchange } from '../../host/wasi/http/exchange.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { BufferSource, CollectSink } from '../../host/wasi/memory-bytes.ts';
import { misbehave } from '../guests/guests.ts';

/** What a call that never settles comes to. */
const NEVER = 'it never settled';
const PATIENCE_MS = 5000;
const MEMORY_BYTES = 64 * 2 ** 20;

async function load(engine: 'jco' | 'native'): Promise<Module> {
  const options = { maxImports: 1000, memoryBytes: MEMORY_BYTES, engine };
  const { manifest, files } = await prepare(misbehave(), options, () => {});
  t.equal(manifest.engine, engine);
  const byName = new Map(files.map(({ name, bytes }) => [name, bytes]));
  return createEngines(wasiInterfaces).load({ manifest, files: byName });
}

/** Calls the guest, and says what the call itself ended with, whatever else was told meanwhile. */
async function endingOf(
  module: Module,
  path: string,
  meanwhile: (guest: GuestState) => void,
): Promise<unknown> {
  const guest = createTrialGuest();
  const instance = await module.instantiate(
    guest,
    new MemoryAccount(MEMORY_BYTES),
    new UnmeteredCpu(),
  );
  const exchange = new HttpExchange(
    guest,
    {
      method: 'GET',
      scheme: 'http',
      authority: 'localhost',
      pathWithQuery: path,
      headers: [],
      body: new BufferSource(new Uint8Array(0)),
      trailers: () => Promise.resolve(undefined),
    },
    {
      begin: () => new CollectSink({ limitBytes: 1000, beyond: 'fail' }),
      end: () => {},
      abort: () => {},
    },
    { responseBodyBytes: 1000 },
  );
  const call = instance.call([exchange.incomingRequest, exchange.responseOutparam]).then(
    () => 'it returned',
    (error: unknown) => endReasonOf(error)?.kind ?? error,
  );
  setImmediate(() => meanwhile(guest));
  let giveUp = (): void => {};
  const never = new Promise<string>((resolve) => {
    giveUp = systemClock.after(PATIENCE_MS, () => resolve(NEVER));
  });
  // The clock's timers keep no process alive.
  const alive = setInterval(() => {}, 1000);
  try {
    return await Promise.race([call, never]);
  } finally {
    giveUp();
    clearInterval(alive);
    guest.finish();
  }
}

for (const engine of ['jco', 'native'] as const) {
  t.test(`a suspended call of the ${engine} engine settles when its guest is ended`, async (t) => {
    const module = await load(engine);
    // A stack that V8 keeps for ever takes several mappings: some thousand of them end the process.
    const timedOut = await endingOf(module, '/sleep-forever', (guest) =>
      guest.endNow({ kind: 'timeout' }),
    );
    t.equal(timedOut, 'timeout');
    const broke = await endingOf(module, '/poll-nothing', () => {});
    t.equal(broke, 'rule', 'also when a function that may suspend ends it');
    const both = await endingOf(module, '/poll-nothing', (guest) =>
      guest.endNow({ kind: 'timeout' }),
    );
    t.equal(both, 'rule', 'the first reason stays');
  });
}
