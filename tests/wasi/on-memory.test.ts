import fc from 'fast-check';
import t from 'tap';
import { ComponentState } from '../../host/component/abi/component-state.ts';
import { GuestMemory } from '../../host/component/abi/guest-memory.ts';
import { InstanceState } from '../../host/component/abi/instance-state.ts';
import { WitError } from '../../host/component/host-interface.ts';
import type { HostFunction } from '../../host/component/host-interface.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import { Fields } from '../../host/wasi/http/fields.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { OutputStream } from '../../host/wasi/io/output-stream.ts';
import { Pollable } from '../../host/wasi/io/pollable.ts';
import { wasiIoPoll } from '../../host/wasi/io/poll.ts';
import type { ByteSink } from '../../host/wasi/ports.ts';
import { TestGuest } from './test-guest.ts';

/** A guest's memory, and what puts bytes into it one behind the other. */
function createMemory(): { memory: GuestMemory; put: (bytes: Uint8Array) => [number, number] } {
  const memory = new GuestMemory(new ComponentState(new InstanceState(new UnmeteredCpu())));
  memory.bindMemory(new WebAssembly.Memory({ initial: 2 }));
  memory.begin();
  let next = 8;
  const put = (bytes: Uint8Array): [number, number] => {
    const start = next;
    memory.bytes.set(bytes, start);
    next += bytes.length;
    return [start, bytes.length];
  };
  return { memory, put };
}

function outcomeOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error instanceof WitError ? error.payload : String(error);
  }
}

/** A sink with the text it was given, which may take text as such. */
function createSink(takesText: boolean, room: number): ByteSink & { text: string } {
  const sink = {
    text: '',
    pending: 0,
    failure: undefined,
    get capacity(): number {
      return room - sink.text.length;
    },
    write: (bytes: Uint8Array): void => {
      sink.text += Buffer.from(bytes).toString('latin1');
    },
    // Nobody takes anything out of it, so room never comes.
    ready: () => (sink.capacity > 0 ? Promise.resolve() : new Promise<void>(() => {})),
    flushed: () => Promise.resolve(),
  };
  const writeText = (text: string): void => {
    sink.text += text;
  };
  return takesText ? Object.assign(sink, { writeText }) : sink;
}

t.test('every function that is declared to be on memory is there', async (t) => {
  let found = 0;
  for (const { name, onMemory = [], resources, functions, functionsOnMemory } of wasiInterfaces) {
    const free = onMemory.filter((declared) => !declared.startsWith('['));
    t.same(free, Object.keys(functionsOnMemory ?? {}), name);
    for (const declared of free) t.type(functions[declared], 'function', `${name} ${declared}`);
    for (const declared of onMemory.filter((one) => !free.includes(one))) {
      const [, resource = '', method = ''] = /^\[method\](.+)\.(.+)$/.exec(declared) ?? [];
      const camel = method.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      const prototype = resources[resource]?.prototype as Record<string, unknown> | undefined;
      t.type(prototype?.[camel], 'function', `${name} ${declared}`);
      t.type(prototype?.[`${camel}OnMemory`], 'function', `${name} ${declared} on memory`);
      found += 1;
    }
  }
  t.ok(found >= 3);
});

t.test('fields.append() on memory does what it does with copies', async (t) => {
  const name = fc.oneof(
    fc.constantFrom('content-type', 'vary', 'Content-Type', 'host', 'x-a', '', 'a b'),
    fc.string({ maxLength: 20 }),
  );
  const value = fc.oneof(
    fc.constantFrom('text/plain', 'text/html; charset=utf-8', '', 'a\r\nb'),
    fc.string({ maxLength: 80 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), (pairs) => {
      const { memory, put } = createMemory();
      const guest = new TestGuest();
      const [plain, direct] = [new Fields(guest), new Fields(guest)];
      for (const [key, text] of pairs) {
        const [keyBytes, bytes] = [Buffer.from(key), Buffer.from(text)];
        const asCopy = outcomeOf(() => plain.append(key, bytes));
        const onMemory = outcomeOf(() =>
          direct.appendOnMemory(memory, ...put(keyBytes), ...put(bytes)),
        );
        if (JSON.stringify(asCopy) !== JSON.stringify(onMemory)) return false;
      }
      // What the guest does with its memory afterwards changes nothing.
      memory.bytes.fill(0);
      const show = (fields: Fields): string =>
        fields
          .entries()
          .map(([key, bytes]) => `${key}:${Buffer.from(bytes).toString('hex')}`)
          .join();
      const texts = direct.entries().every(([, bytes, text]) => {
        return text === undefined || text === Buffer.from(bytes).toString('latin1');
      });
      return texts && show(plain) === show(direct);
    }),
  );
  const { memory } = createMemory();
  const fields = new Fields(new TestGuest());
  t.throws(() => fields.appendOnMemory(memory, 8, 1, 131_072, 1), 'a value beyond its memory');
  t.throws(() => fields.appendOnMemory(memory, -1, 1, 8, 1), 'a name beyond its memory');
  const immutable = new Fields(new TestGuest(), [], true);
  t.same(
    outcomeOf(() => immutable.appendOnMemory(memory, 8, 0, 8, 0)),
    outcomeOf(() => immutable.append('', new Uint8Array(0))),
  );
});

t.test('writes on memory do what they do with copies, whatever the sink takes', async (t) => {
  const size = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 900, max: 5000 }));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(size, fc.boolean(), fc.boolean()), { maxLength: 6 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 9000 }),
      (writes, takesText, room) => {
        const { memory, put } = createMemory();
        const sinks = [createSink(false, room), createSink(takesText, room)] as const;
        const [plain, direct] = sinks.map((sink) => new OutputStream(new TestGuest(), sink));
        for (const [length, asks, flushes] of writes) {
          const bytes = Buffer.alloc(length, 0xe4);
          if (asks && plain?.checkWrite() !== direct?.checkWrite()) return false;
          // Room is short: then it waits, which is not what is compared here.
          if (flushes && length > (plain === undefined ? 0 : room - sinks[0].text.length)) continue;
          const asCopy = outcomeOf(() =>
            flushes ? plain?.blockingWriteAndFlush(bytes) : plain?.write(bytes),
          );
          const onMemory = outcomeOf(() =>
            flushes
              ? direct?.blockingWriteAndFlushOnMemory(memory, ...put(bytes))
              : direct?.writeOnMemory(memory, ...put(bytes)),
          );
          if (JSON.stringify(asCopy) !== JSON.stringify(onMemory)) return false;
        }
        memory.bytes.fill(0);
        return sinks[0].text === sinks[1].text;
      },
    ),
  );
  const { memory } = createMemory();
  const stream = new OutputStream(new TestGuest(), createSink(true, 9000));
  stream.checkWrite();
  t.throws(() => stream.writeOnMemory(memory, 131_070, 3), 'bytes beyond its memory');
});

t.test('poll() on memory gives what it gives for a list, ready or later', async (t) => {
  const { poll: asList } = wasiIoPoll.functions as Record<'poll', HostFunction>;
  const { poll: onMemory } = wasiIoPoll.functionsOnMemory as Record<'poll', HostFunction>;
  const kind = fc.constantFrom('ready', 'later', 'never');
  await fc.assert(
    fc.asyncProperty(fc.array(kind, { maxLength: 5 }), async (kinds) => {
      // What is never ready stays alone with nothing to wait for.
      fc.pre(kinds.length === 0 || kinds.some((one) => one !== 'never'));
      const open = (): readonly Pollable[] =>
        kinds.map((one) => {
          let isReady = one === 'ready';
          const wait = async (): Promise<void> => {
            if (one === 'never') await new Promise(() => {});
            isReady = true;
          };
          return new Pollable(new TestGuest(), () => isReady, wait);
        });
      const { memory, put } = createMemory();
      const handles = open().map((pollable) => memory.state.add(7, pollable));
      const place = put(new Uint8Array(Uint32Array.from(handles).buffer));
      const expected = await promiseOf(() => asList(new TestGuest(), open()));
      const found = await promiseOf(() =>
        onMemory(new TestGuest(), memory, place[0], handles.length, 7),
      );
      t.same(found, expected);
    }),
  );
  const { memory, put } = createMemory();
  const handle = memory.state.add(
    7,
    new Pollable(
      new TestGuest(),
      () => true,
      async () => {},
    ),
  );
  const [pointer] = put(new Uint8Array(Uint32Array.of(handle, 99).buffer));
  const call = (at: number, count: number, resource: number) => (): unknown =>
    onMemory(new TestGuest(), memory, at, count, resource);
  t.same(call(pointer, 1, 7)(), Uint32Array.of(0));
  t.throws(call(pointer + 1, 1, 7), 'an address that is not aligned');
  t.throws(call(131_072, 1, 7), 'a list beyond its memory');
  t.throws(call(pointer, -1, 7), 'endless');
  t.throws(call(pointer, 2, 7), 'a handle that is none');
  t.throws(call(pointer, 1, 8), 'a handle of another resource');
});

async function promiseOf(action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    return String(error);
  }
}
