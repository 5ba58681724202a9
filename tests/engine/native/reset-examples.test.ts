/**
 * Resets of instances of the examples: after requests and a reset, an instance has the state of one that was never
 * called, and the next request leaves in it what the first one leaves in a fresh one.
 */
import { createHash } from 'node:crypto';
import t from 'tap';
import type { EngineChoice } from '../../../host/deploy/generate-code.ts';
import { prepare } from '../../../host/deploy/prepare.ts';
import { createTrialGuest } from '../../../host/deploy/trial-guest.ts';
import type { Instance, Module } from '../../../host/engine/engine.ts';
import { createEngines } from '../../../host/engine/engines.ts';
import { MemoryAccount } from '../../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../../host/limits/unmetered-cpu.ts';
import type { GuestState } from '../../../host/wasi/guest-state.ts';
import { HttpExchange } from '../../../host/wasi/http/exchange.ts';
import { wasiInterfaces } from '../../../host/wasi/interfaces.ts';
import { BufferSource, CollectSink } from '../../../host/wasi/memory-bytes.ts';
import { example, misbehave, wat, type ExampleName } from '../../guests/guests.ts';
import { recordInstances, type RecordedInstance } from './record-instances.ts';

const ENCODER = new TextEncoder();

/** An instance with its insides. */
interface Opened {
  readonly instance: Instance;
  readonly cores: readonly RecordedInstance[];
  guest: GuestState;
}

async function load(source: ExampleName | Uint8Array, engine: EngineChoice): Promise<Module> {
  const options = { maxImports: 2000, memoryBytes: 2 ** 30, engine };
  const { manifest, files } = await prepare(
    typeof source === 'string' ? example(source) : source,
    options,
    () => {},
  );
  const byName = new Map(files.map(({ name: file, bytes }) => [file, bytes]));
  return await createEngines(wasiInterfaces).load({ manifest, files: byName });
}

async function open(module: Module): Promise<Opened> {
  const guest = createTrialGuest();
  const { result, instances } = await recordInstances(() =>
    module.instantiate(guest, new MemoryAccount(2 ** 28), new UnmeteredCpu()),
  );
  return { instance: result, cores: instances, guest };
}

/** Goes back to the initial state, for another guest. */
function reset(opened: Opened, full: boolean): boolean {
  opened.guest.finish();
  opened.guest = createTrialGuest();
  return opened.instance.reset(opened.guest, full);
}

/** Serves one HTTP request; gives the body of the response. */
async function serve(
  { instance, guest }: Opened,
  body: string,
  path = `/a?b=${body.length}`,
): Promise<string> {
  const sink = new CollectSink({ limitBytes: 2 ** 20, beyond: 'fail' });
  const exchange = new HttpExchange(
    guest,
    {
      method: 'POST',
      scheme: 'http',
      authority: 'app.localhost',
      pathWithQuery: path,
      headers: [['x-test', ENCODER.encode(body.slice(0, 100))]],
      body: new BufferSource(ENCODER.encode(body)),
      trailers: () => Promise.resolve(undefined),
    },
    { begin: () => sink, end: () => {}, abort: () => {} },
    { responseBodyBytes: 2 ** 20 },
  );
  await instance.call([exchange.incomingRequest, exchange.responseOutparam]);
  await exchange.finishAfterReturn();
  return new TextDecoder().decode(sink.bytes());
}

/** Runs a command with this standard input; gives what it wrote. */
async function run({ instance, guest }: Opened, input: string): Promise<string> {
  const sink = new CollectSink({ limitBytes: 2 ** 20, beyond: 'fail' });
  const { arguments: given, environment, stderr, preopens, outgoingHttp } = guest;
  guest.begin({
    arguments: given,
    environment,
    stdin: new BufferSource(ENCODER.encode(input)),
    stdout: sink,
    stderr,
    preopens,
    outgoingHttp,
  });
  await instance.call([]);
  return new TextDecoder().decode(sink.bytes());
}

/** Every byte of every memory, every global and every entry of a table that anything outside could see. */
function fingerprint({ cores }: Opened): unknown {
  return cores.map(({ memories, exports }) => ({
    memories: memories.map((memory) => {
      const bytes = new Uint8Array(memory.buffer);
      return [bytes.length, createHash('sha256').update(bytes).digest('hex')];
    }),
    exports: Object.entries(exports).flatMap(([name, value]) => {
      // Where it was written to is not the guest's state.
      if (name.startsWith('faas:low')) return [];
      if (value instanceof WebAssembly.Global) return [[name, value.value as unknown]];
      if (!(value instanceof WebAssembly.Table)) return [];
      const entries = Array.from({ length: value.length }, (_, index) => {
        const entry: unknown = value.get(index);
        return typeof entry === 'function' ? entry.name : undefined;
      });
      return [[name, entries]];
    }),
  }));
}

for (const name of ['hello-rust', 'echo-rust'] as const) {
  t.test(
    `${name}: a reset instance equals a fresh one, before and after the next call`,
    async (t) => {
      const module = await load(name, 'native');
      const fresh = await open(module);
      const initial = fingerprint(fresh);
      const text = await serve(fresh, 'first');
      const afterFirst = fingerprint(fresh);
      t.notSame(afterFirst, initial, 'a call leaves something');

      const opened = await open(module);
      t.equal(opened.instance.captureInitial(false), undefined, 'nothing stands against it');
      for (const full of [false, true, false]) {
        for (const body of ['second', 'a third, longer one', 'x'.repeat(3000)]) {
          await serve(opened, body);
        }
        t.ok(reset(opened, full), 'it was reset');
        t.same(fingerprint(opened), initial, full ? 'after a full reset' : 'after a bounded reset');
        t.equal(await serve(opened, 'first'), text, 'it answers as a fresh one');
        t.same(fingerprint(opened), afterFirst, 'and has the state of a fresh one after it');
        t.ok(reset(opened, full));
      }
      const other = await open(module);
      t.equal(other.instance.captureInitial(false), undefined);
      await serve(other, 'more');
      t.ok(reset(other, false), 'by the image of another instance');
      t.same(fingerprint(other), initial);

      await serve(other, 'the last one');
      other.guest.finish();
      await other.instance.close();
      const next = await open(module);
      t.equal(next.cores[0]?.memories[0], other.cores[0]?.memories[0], 'its memory is used again');
      t.same(fingerprint(next), initial, 'and shows nothing of it');
      t.equal(await serve(next, 'first'), text);
      t.same(fingerprint(next), afterFirst);
    },
  );
}

t.test('whatever a guest did that can still be reset, it leaves nothing behind', async (t) => {
  const module = await load(misbehave(), 'native');
  const initial = fingerprint(await open(module));
  const prepareOne = async (): Promise<Opened> => {
    const opened = await open(module);
    t.equal(opened.instance.captureInitial(false), undefined);
    return opened;
  };
  const opened = await prepareOne();
  for (const path of [
    '/state',
    '/state',
    '/no-response',
    '/error-code',
    '/no-body',
    '/drop-body',
    '/late-headers',
    '/bad-status',
    '/header',
    '/trailers',
    '/content-length-lie',
    '/never-read',
    '/clock',
    '/random',
    '/env',
    '/fs',
    '/tcp',
    '/stdout',
  ]) {
    await serve(opened, 'body', path);
    t.ok(reset(opened, false), path);
    t.same(fingerprint(opened), initial, path);
  }
  t.match(await serve(opened, '', '/state'), /^1\b/, 'it counts from the beginning');
  for (const path of ['/grow', '/exit', '/panic', '/unreachable', '/stale-handle']) {
    const other = await prepareOne();
    await serve(other, '', path).catch(() => 'ended');
    t.notOk(reset(other, false), path);
  }
});

t.test(
  'a preview1 command grows when it first calls its adapter, and is not reset then',
  async (t) => {
    const module = await load('upper-c', 'native');
    const opened = await open(module);
    const initial = fingerprint(opened);
    t.equal(opened.instance.captureInitial(false), undefined);
    t.ok(reset(opened, false), 'as long as it has not grown');
    t.same(fingerprint(opened), initial);
    t.match(await run(opened, 'words'), /WORDS/);
    t.notOk(reset(opened, false));
  },
);

t.test('a seed that an instance asked for at its start is never another instance’s', async (t) => {
  const module = await load(await wat('seeded'), 'native');
  const seedOf = ({ cores }: Opened): string =>
    Buffer.from(cores[0]?.memories[0]?.buffer ?? new ArrayBuffer(0), 2048, 8).toString('hex');
  const first = await open(module);
  t.equal(
    first.instance.captureInitial(false),
    'it called wasi:random/random@0.2.12 get-random-u64 while it started',
  );
  t.notOk(reset(first, false), 'without its author asking for it');
  const seed = seedOf(first);
  t.equal(first.instance.captureInitial(true), undefined);
  const initial = fingerprint(first);
  await first.instance.call([]);
  t.not(seedOf(first), seed);
  t.ok(reset(first, false));
  t.same(fingerprint(first), initial, 'it goes back to its own seed');

  const second = await open(module);
  t.not(seedOf(second), seed);
  t.equal(second.instance.captureInitial(true), undefined);
  const other = seedOf(second);
  t.ok(reset(second, true));
  t.equal(seedOf(second), other, 'not to that of the first');
  first.guest.finish();
  await first.instance.close();
  const next = await open(module);
  t.equal(next.cores[0]?.memories[0], first.cores[0]?.memories[0]);
  t.not(seedOf(next), seed, 'and one that takes over its memory has a new one');
});

t.test('an instance of the jco engine is not reset', async (t) => {
  const { instance, guest } = await open(await load('hello-rust', 'jco'));
  t.match(instance.captureInitial(true), /jco/);
  t.notOk(instance.reset(guest));
});

t.test('a closed instance is not reset', async (t) => {
  const { instance, guest } = await open(await load('hello-rust', 'native'));
  t.equal(instance.captureInitial(false), undefined);
  t.ok(instance.reset(guest));
  await instance.close();
  t.notOk(instance.reset(guest));
});
