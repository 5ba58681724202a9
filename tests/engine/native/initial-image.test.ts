/** Images of the state before the first call: what is in them, and what cannot be. */
import assert from 'node:assert';
import fc from 'fast-check';
import t from 'tap';
import { ComponentState } from '../../../host/component/abi/component-state.ts';
import { InstanceState } from '../../../host/component/abi/instance-state.ts';
import { MemoryImage } from '../../../host/engine/native/initial-image-memory.ts';
import { captureImage } from '../../../host/engine/native/initial-image.ts';
import type { InstanceParts } from '../../../host/engine/native/reset-parts.ts';
import { UnmeteredCpu } from '../../../host/limits/unmetered-cpu.ts';

const BYTES = 3 * 65_536;

t.test('a memory is put back from any address on, and not below it', (t) => {
  const writes = fc.array(fc.tuple(fc.nat(BYTES - 1), fc.integer({ min: 1, max: 3000 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(writes, fc.nat(BYTES + 10), fc.boolean(), (data, from, sparing) => {
      const initial = new Uint8Array(BYTES);
      for (const [start, size] of data) initial.fill((size % 255) + 1, start, start + size);
      const image = new MemoryImage(initial);
      const memory = initial.slice();
      memory.fill(77, from);
      image.restore(memory, from, sparing);
      assert.ok(memory.every((byte, index) => byte === initial[index]));
    }),
    { numRuns: 60 },
  );
  const image = new MemoryImage(new Uint8Array(BYTES));
  const memory = new Uint8Array(BYTES).fill(1);
  image.restore(memory, Infinity);
  t.ok(
    memory.every((byte) => byte === 1),
    'nothing was written to',
  );
  image.restore(memory, 1000);
  t.equal(memory.indexOf(0), 1000);
  t.end();
});

t.test('an image takes the bytes that are not zero, and short gaps between them', (t) => {
  const memory = new Uint8Array(BYTES);
  const dataBytes = (): number => new MemoryImage(memory).dataBytes;
  t.equal(dataBytes(), 0);
  memory[10] = 1;
  memory[63] = 1;
  t.equal(dataBytes(), 64, 'pieces of 64 bytes');
  memory[1000] = 1;
  t.equal(dataBytes(), 1024, 'with the zeros between them');
  memory[4095] = 1;
  memory[4096] = 1;
  t.equal(dataBytes(), 1024 + 128, 'across what is looked at together');
  memory[BYTES - 1] = 1;
  t.equal(dataBytes(), 1024 + 128 + 64);
  t.end();
});

t.test('some states cannot be captured, and the reason says so', (t) => {
  const nothing: InstanceParts = { memories: [], globals: [], tables: [] };
  const memory = (pages: number): InstanceParts['memories'][number] => ({
    memory: new WebAssembly.Memory({ initial: pages }),
    writers: [],
    hosts: [],
  });
  const full = memory(300);
  new Uint8Array(full.memory.buffer).fill(1);
  const holding = new InstanceState(new UnmeteredCpu());
  new ComponentState(holding).add(0, {});
  const cases: readonly (readonly [parts: InstanceParts, reason: RegExp, state?: InstanceState])[] =
    [
      [{ ...nothing, memories: [memory(600), memory(600)] }, /starts with 75\.0 MiB of memory/],
      [{ ...nothing, memories: [full] }, /starts with 18\.8 MiB of data/],
      [
        { ...nothing, tables: [new WebAssembly.Table({ initial: 10_001, element: 'anyfunc' })] },
        /tables of 10001 entries/,
      ],
      [
        { ...nothing, globals: [new WebAssembly.Global({ value: 'f32', mutable: true }, NaN)] },
        /NaN/,
      ],
      [nothing, /resources of the host/, holding],
    ];
  for (const [parts, reason, state = new InstanceState(new UnmeteredCpu())] of cases) {
    t.match(captureImage(parts, state), reason);
  }
  t.type(captureImage(nothing, new InstanceState(new UnmeteredCpu())), 'object');
  t.end();
});
