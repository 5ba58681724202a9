import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { planComponent } from '../../host/component/plan-component.ts';
import type { ValueType } from '../../host/component/plan.ts';
import { planWat, reasonAgainst } from './plan-wat.ts';

/** A component that lowers a function with a parameter of this type, and its core signature. */
function taking(type: string, flat: string, definitions = ''): string {
  return `(component
    (import "test:types/api@1.0.0" (instance $api
      (export "r" (type $r (sub resource)))
      ${definitions}
      (export "take" (func (param "value" ${type})))))
    (core module $memory (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $memory (instantiate $memory))
    (core func $take (canon lower (func $api "take")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core module $main (import "api" "take" (func (param ${flat}))))
    (core instance (instantiate $main (with "api" (instance (export "take" (func $take)))))))`;
}

const exportType = (name: string, definition: string): string =>
  `(type $${name}' ${definition}) (export "${name}" (type $${name} (eq $${name}')))`;

/** WAT of the type, what it flattens to, the type in the plan, other definitions. */
const TYPES: readonly [string, string, ValueType, string?][] = [
  ...(['bool', 's8', 'u8', 's16', 'u16', 's32', 'u32', 'char'] as const).map(
    (kind): [string, string, ValueType] => [kind, 'i32', { kind }],
  ),
  ['s64', 'i64', { kind: 's64' }],
  ['u64', 'i64', { kind: 'u64' }],
  ['f32', 'f32', { kind: 'f32' }],
  ['f64', 'f64', { kind: 'f64' }],
  ['string', 'i32 i32', { kind: 'string' }],
  ['(list u8)', 'i32 i32', { kind: 'list', element: { kind: 'u8' } }],
  ['(tuple u8 f64)', 'i32 f64', { kind: 'tuple', items: [{ kind: 'u8' }, { kind: 'f64' }] }],
  ['(option s64)', 'i32 i64', { kind: 'option', some: { kind: 's64' } }],
  ['(result)', 'i32', { kind: 'result', ok: undefined, err: undefined }],
  [
    '(result f32 (error u8))',
    'i32 i32',
    { kind: 'result', ok: { kind: 'f32' }, err: { kind: 'u8' } },
  ],
  ['(result (error f64))', 'i32 f64', { kind: 'result', ok: undefined, err: { kind: 'f64' } }],
  [
    '$point',
    'i32 i32 i32',
    {
      kind: 'record',
      fields: [
        { name: 'x', type: { kind: 'u32' } },
        { name: 'DNS-name', type: { kind: 'string' } },
      ],
    },
    exportType('point', '(record (field "x" u32) (field "DNS-name" string))'),
  ],
  [
    '$shape',
    'i32 i64',
    {
      kind: 'variant',
      cases: [
        { name: 'none', type: undefined },
        { name: 'far', type: { kind: 'f32' } },
        { name: 'near', type: { kind: 's64' } },
      ],
    },
    exportType('shape', '(variant (case "none") (case "far" f32) (case "near" s64))'),
  ],
  [
    '$color',
    'i32',
    { kind: 'enum', names: ['red', 'green'] },
    exportType('color', '(enum "red" "green")'),
  ],
  [
    '$rights',
    'i32',
    { kind: 'flags', names: ['read', 'write'] },
    exportType('rights', '(flags "read" "write")'),
  ],
  ['(own $r)', 'i32', { kind: 'own', resource: 0 }],
  ['(borrow $r)', 'i32', { kind: 'borrow', resource: 0 }],
  [
    '(tuple u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8)',
    'i32 '.repeat(16),
    { kind: 'tuple', items: Array.from({ length: 16 }, () => ({ kind: 'u8' }) as const) },
  ],
  [
    '(tuple string string string string string string string string u8)',
    'i32',
    {
      kind: 'tuple',
      items: [...Array.from({ length: 8 }, () => ({ kind: 'string' }) as const), { kind: 'u8' }],
    },
  ],
];

t.test(
  'every value type arrives in the plan, and its flattened signature is checked',
  async (t) => {
    for (const [wat, flat, expected, definitions] of TYPES) {
      const plan = await planWat(taking(wat, flat, definitions));
      t.same(plan.imports, [
        {
          interface: 'test:types/api@1.0.0',
          name: 'take',
          type: { parameters: [{ name: 'value', type: expected }], result: undefined },
        },
      ]);
      const wrong = planComponent.bind(
        undefined,
        await parse(taking(wat, `${flat} v128`, definitions)),
      );
      t.throws(wrong, { code: 'malformed_wasm' }, `${wat} with a signature of another length`);
    }
  },
);

t.test('a result of more than one core value is written where the caller says', async (t) => {
  const component = (flat: string): string => `(component
    (import "get" (func $get (param "n" u8) (result string)))
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $m))
    (core func $get' (canon lower (func $get)
      (memory (core memory $m "memory")) (realloc (core func $m "realloc")) string-encoding=utf16))
    (core module $main (import "" "get" (func ${flat})))
    (core instance (instantiate $main (with "" (instance (export "get" (func $get')))))))`;
  const plan = await planWat(component('(param i32 i32)'));
  t.match(plan.trampolines[0], { kind: 'lower', options: { encoding: 'utf16' } });
  t.equal(plan.imports[0]?.interface, '', 'a function imported at the root has no interface');
  const wrong = await parse(component('(param i32) (result i32)'));
  t.throws(() => planComponent(wrong), { code: 'malformed_wasm', message: /\(i32, i32\) -> \(\)/ });
});

t.test('memory and realloc must be given where the type needs them', async (t) => {
  const component = (type: string, options: string): string => `(component
    (import "get" (func $get ${type}))
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $m))
    (core func (canon lower (func $get) ${options})))`;
  const memory = '(memory (core memory $m "memory"))';
  const realloc = '(realloc (core func $m "realloc"))';
  const needing = async (type: string, options: string): Promise<void> => {
    const bytes = await parse(component(type, options));
    t.throws(() => planComponent(bytes), { code: 'malformed_wasm' }, `${type} ${options}`);
  };
  await needing('(param "s" string)', '');
  await needing('(result string)', memory);
  await needing('(result (tuple u8 u8))', '');
  t.ok(await planWat(component('(param "s" string)', memory)));
  t.ok(await planWat(component('(result string)', `${memory} ${realloc}`)));
  t.ok(await planWat(component('(result (tuple u8 u8))', memory)));
  await needing('(param "s" string)', `${memory} (realloc (core func $m "memory"))`);
});

t.test(
  'types that double with every level are refused before anything writes them out',
  async (t) => {
    const levels = Array.from(
      { length: 60 },
      (_, level) => `(type $t${level + 1} (tuple $t${level} $t${level}))`,
    ).join('\n');
    const doubling = await parse(`(component (type $t0 (tuple u8 u8)) ${levels})`);
    t.throws(() => planComponent(doubling), {
      code: 'wasm_too_complex',
      message: /bytes in one type/,
    });
    const deep = Array.from(
      { length: 120 },
      (_, level) => `(type $t${level + 1} (list $t${level}))`,
    ).join('\n');
    const nested = await parse(`(component (type $t0 (list u8)) ${deep})`);
    t.throws(() => planComponent(nested), {
      code: 'wasm_too_complex',
      message: /levels in one type/,
    });
  },
);

t.test('what the native engine lacks is named', async (t) => {
  const cases: readonly [wat: string, reason: RegExp][] = [
    ['(type $t (stream string)) (core func (canon stream.new $t))', /streams of other values/],
    ['(type error-context)', /error-context/],
    ['(type (list u8 4))', /fixed length/],
    ['(import "a" (instance (export "[async]f" (func))))', /asynchronous/],
    ['(core func (canon error-context.drop))', /error contexts/],
    ['(core func (canon thread.index))', /threads/],
    ['(import "m" (core module))', /core module/],
    ['(import "c" (component))', /imported component/],
    ['(import "f" (func $f)) (export "g" (func $f))', /exported again/],
    ['(core type (struct))', /recursive/],
  ];
  for (const [wat, expected] of cases) {
    t.match(await reasonAgainst(`(component ${wat})`), expected, wat);
  }
});
