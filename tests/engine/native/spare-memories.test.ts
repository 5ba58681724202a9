import t from 'tap';
import { SpareMemories, type MemoryForm } from '../../../host/engine/native/spare-memories.ts';

const FORM = { place: 0, initial: 1, maximum: 4 };
const memory = (form: Omit<MemoryForm, 'place'> = FORM): WebAssembly.Memory =>
  new WebAssembly.Memory({ ...form });

t.test('a memory comes back to its owner only, and only where that form is asked for', (t) => {
  const spares = new SpareMemories();
  const [owner, other] = [{}, {}];
  const first = memory();
  spares.put(owner, first, FORM);
  t.equal(spares.take(other, FORM), undefined);
  t.equal(spares.take(owner, { ...FORM, maximum: 5 }), undefined);
  t.equal(spares.take(owner, { ...FORM, initial: 2 }), undefined);
  t.equal(spares.take(owner, { ...FORM, place: 1 }), undefined, 'another one of the owner');
  t.equal(spares.take(owner, FORM), first);
  t.equal(spares.take(owner, FORM), undefined, 'once');
  t.end();
});

t.test('few are kept for one owner, and few for all of them', (t) => {
  const spares = new SpareMemories();
  const owners = Array.from({ length: 12 }, () => ({}));
  let kept = 0;
  for (const owner of owners) {
    while (spares.wants(owner, 65_536) && kept < 1000) {
      spares.put(owner, memory(), FORM);
      kept += 1;
    }
  }
  t.equal(kept, 12 * 8);
  t.equal(spares.count, 64, 'the oldest are let go');
  t.equal(spares.take(owners[0] ?? {}, FORM), undefined);
  const last = owners.at(-1) ?? {};
  t.ok(spares.take(last, FORM));
  spares.drop(last);
  t.equal(spares.take(last, FORM), undefined);
  t.equal(spares.count, 56);
  t.end();
});

t.test('large memories push others out, and the largest are not kept', (t) => {
  const spares = new SpareMemories();
  const owner = {};
  spares.put(owner, memory(), FORM);
  const large = { place: 0, initial: 2040, maximum: 2048 };
  spares.put(owner, memory(large), large);
  t.equal(spares.count, 2);
  spares.put(owner, memory(large), large);
  t.equal(spares.count, 1);
  t.notOk(spares.wants(owner, 2 ** 28));
  t.end();
});
