/** Memories of instances that are gone: which are used again, and that nothing of one module gets into another. */
import t from 'tap';
import { openHarness } from '../../invoke/harness.ts';
import { wat } from '../../guests/wat.ts';
import { recordInstances, type RecordedInstance } from './record-instances.ts';

/** A guest of two core modules: one with a memory that has data, the other with a memory of its own. */
const guest = (pages: number, handle: string): Promise<Uint8Array> =>
  wat('burn', {
    burn: '(func $burn) (data (i32.const 4096) "data of the first module")',
    realloc: '(i32.store (i32.const 8192) (i32.const 7))',
    start: `(memory $own ${pages})`,
    handle,
    post: '',
  });

t.test(
  'a memory comes back in its own place: the data of another module is not in it',
  async (t) => {
    const host = await openHarness(t, { engine: 'native', strategy: 'fresh' });
    const record = await host.deploy(
      'two',
      await guest(1, '(if (i32.load $own (i32.const 4096)) (then unreachable))'),
    );
    for (let left = 4; left > 0; left -= 1) {
      const { result } = await host.call(record, '/');
      t.equal(result.error?.code, 'guest_no_response', 'it did not trap');
    }
  },
);

t.test('a memory that takes long to zero is not used again', async (t) => {
  const host = await openHarness(t, { engine: 'native', strategy: 'fresh' });
  const store = '(i32.store $own (i32.const 4096) (i32.const 1))';
  const record = await host.deploy('large', await guest(1000, store), {
    limits: { memoryBytes: 2 ** 27 },
  });
  const { instances } = await recordInstances(async () => {
    for (let left = 2; left > 0; left -= 1) await host.call(record, '/');
  });
  const sizes = new Map<WebAssembly.Memory, number>();
  for (const memory of new Set(instances.flatMap((one: RecordedInstance) => one.memories))) {
    sizes.set(memory, memory.buffer.byteLength);
  }
  const large = [...sizes.values()].filter((bytes) => bytes === 1000 * 65_536);
  t.equal(large.length, 2, 'a new one for each instance');
});
