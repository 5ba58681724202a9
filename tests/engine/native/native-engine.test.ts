/** The native engine with real components, prepared as deploy does it, beside jco. */
import { setFlagsFromString } from 'node:v8';
import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { HostError } from '../../../host/base/errors.ts';
import type { EngineChoice } from '../../../host/deploy/generate-code.ts';
import { prepare } from '../../../host/deploy/prepare.ts';
import { createTrialGuest } from '../../../host/deploy/trial-guest.ts';
import type { Instance, Module, PreparedArtifact } from '../../../host/engine/engine.ts';
import { createEngines } from '../../../host/engine/engines.ts';
import { MemoryAccount } from '../../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../../host/limits/unmetered-cpu.ts';
import { HttpExchange } from '../../../host/wasi/http/exchange.ts';
import { wasiInterfaces } from '../../../host/wasi/interfaces.ts';
import { BufferSource, CollectSink } from '../../../host/wasi/memory-bytes.ts';
import type { Field } from '../../../host/wasi/ports.ts';
import { example } from '../../guests/guests.ts';

const engines = createEngines(wasiInterfaces);

async function prepared(bytes: Uint8Array, engine: EngineChoice): Promise<PreparedArtifact> {
  const options = { maxImports: 2000, memoryBytes: 2 ** 30, engine };
  const { manifest, files } = await prepare(bytes, options, () => {});
  return { manifest, files: new Map(files.map(({ name, bytes: data }) => [name, data])) };
}

/** Serves one request; gives what the responder got. */
async function serve(
  instance: Instance,
  guest: ReturnType<typeof createTrialGuest>,
  body: string,
): Promise<unknown> {
  const sink = new CollectSink({ limitBytes: 2 ** 20, beyond: 'fail' });
  const seen: { status?: number; headers?: readonly Field[]; ended: boolean } = { ended: false };
  const exchange = new HttpExchange(
    guest,
    {
      method: 'POST',
      scheme: 'http',
      authority: 'app.localhost',
      pathWithQuery: '/a?b=c',
      headers: [['x-test', new TextEncoder().encode('ü')]],
      body: new BufferSource(new TextEncoder().encode(body)),
      trailers: () => Promise.resolve(undefined),
    },
    {
      begin: (status, headers) => {
        // The text that may stand beside a value says nothing new.
        Object.assign(seen, { status, headers: headers.map(([name, value]) => [name, value]) });
        return sink;
      },
      end: () => {
        seen.ended = true;
      },
      abort: () => {},
    },
    { responseBodyBytes: 2 ** 20 },
  );
  await instance.call([exchange.incomingRequest, exchange.responseOutparam]);
  const result = await exchange.finishAfterReturn();
  return { ...seen, result, body: new TextDecoder().decode(sink.bytes()) };
}

t.test('both engines answer a request alike', async (t) => {
  for (const name of ['hello-rust', 'echo-rust'] as const) {
    const answers: unknown[] = [];
    for (const engine of ['native', 'jco'] as const) {
      const artifact = await prepared(example(name), engine);
      t.equal(artifact.manifest.engine, engine);
      const module = await engines.load(artifact);
      const guest = createTrialGuest();
      const instance = await module.instantiate(
        guest,
        new MemoryAccount(2 ** 28),
        new UnmeteredCpu(),
      );
      answers.push(await serve(instance, guest, 'x'.repeat(100_000)));
      answers.push(await serve(instance, guest, ''));
      await instance.close();
      await t.rejects(instance.call([]), { code: 'engine_failed' }, 'a closed instance');
      guest.finish();
    }
    const [native, nativeAgain, jco, jcoAgain] = answers;
    t.match(native, { status: 200, ended: true, result: { kind: 'complete' } }, name);
    t.same(native, jco, `${name}, first call`);
    t.same(nativeAgain, jcoAgain, `${name}, second call`);
  }
});

t.test(
  'generated code is small, and a memory over the limit is refused with its code',
  async (t) => {
    const artifact = await prepared(example('hello-rust'), 'native');
    t.ok((artifact.files.get(artifact.manifest.glue)?.byteLength ?? Infinity) < 20_000);
    const module = await engines.load(artifact);
    await t.rejects(
      module.instantiate(createTrialGuest(), new MemoryAccount(65_536), new UnmeteredCpu()),
      {
        code: 'memory_limit_at_start',
      },
    );
  },
);

t.test('damaged files are a coded failure', async (t) => {
  const { manifest, files } = await prepared(example('hello-rust'), 'native');
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const damages: readonly (readonly [string, Uint8Array | undefined])[] = [
    [manifest.glue, undefined],
    [manifest.glue, text('(function(')],
    [manifest.link ?? '', text('{"names":[]}')],
    [manifest.link ?? '', text('{')],
    [manifest.modules[0]?.file ?? '', text('\0asm')],
  ];
  for (const [name, bytes] of damages) {
    const damaged = new Map(files);
    if (bytes === undefined) damaged.delete(name);
    else damaged.set(name, bytes);
    await t.rejects(engines.load({ manifest, files: damaged }), HostError, name);
  }
});

t.test('a module that nobody uses any more is collected with its code', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const artifact = await prepared(example('hello-rust'), 'native');
  const gone = new Set<number>();
  const registry = new FinalizationRegistry((number: number) => gone.add(number));
  const load = async (number: number): Promise<void> => {
    const module: Module = await engines.load(artifact);
    const guest = createTrialGuest();
    const instance = await module.instantiate(
      guest,
      new MemoryAccount(2 ** 28),
      new UnmeteredCpu(),
    );
    await serve(instance, guest, '');
    guest.finish();
    registry.register(module, number);
  };
  for (let count = 0; count < 20; count += 1) await load(count);
  for (let tries = 0; tries < 20 && gone.size < 19; tries += 1) {
    collect();
    await setImmediate();
  }
  t.ok(gone.size >= 19, `${gone.size} of 20`);
});
