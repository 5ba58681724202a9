import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { planComponent } from '../../host/component/plan-component.ts';

t.test('small components that instantiate without end are refused', async (t) => {
  const doubling = (levels: number): string =>
    Array.from(
      { length: levels },
      (_, level) => `(component $c${level + 1}
        (alias outer 1 $c${level} (component $c))
        (instance (instantiate $c)) (instance (instantiate $c)))`,
    ).join('\n');
  const many =
    await parse(`(component (component $c0 (core module $m) (core instance (instantiate $m)))
    ${doubling(30)} (instance (instantiate $c30)))`);
  t.throws(() => planComponent(many), { code: 'wasm_too_complex', message: /instances/ });
  // Given to itself as an argument: no valid type describes it, but nothing valid is asked of it.
  const itself = await parse(`(component
    (component $a
      (import "c" (component $c))
      (instance (instantiate $c (with "c" (component $c)))))
    (instance (instantiate $a (with "c" (component $a)))))`);
  t.throws(() => planComponent(itself), { code: 'wasm_too_complex', message: /levels|instances/ });
  const name = 'n'.repeat(60_000);
  const named = Array.from(
    { length: 300 },
    () => `(core instance (instantiate $m (with "${name}" (instance $g))))`,
  );
  const long = await parse(`(component (core module $g (func (export "${name}")))
    (core instance $g (instantiate $g))
    (core module $m (import "${name}" "${name}" (func))) ${named.join('')})`);
  t.throws(() => planComponent(long), { code: 'wasm_too_complex', message: /bytes of names/ });
});

t.test('limits of decoding have codes', async (t) => {
  const many = await parse(`(component ${'(type u8)'.repeat(50)})`);
  t.throws(() => planComponent(many, { maxDefinitions: 49 }), { code: 'wasm_too_complex' });
  t.ok(planComponent(many, { maxDefinitions: 50 }));
  const deep = await parse(`${'(component '.repeat(34)}${')'.repeat(34)}`);
  t.throws(() => planComponent(deep), { code: 'wasm_too_complex', message: /32 levels/ });
  const parts = await parse('(component (type (tuple u8 u8 u8)))');
  t.throws(() => planComponent(parts, { maxParts: 2 }), { code: 'wasm_too_complex' });
  t.throws(() => planComponent(parts, { maxSections: 0 }), { code: 'wasm_too_complex' });
});
