import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { planComponent } from '../../host/component/plan-component.ts';
import {
  exported,
  importsOf,
  NO_OPTIONS,
  planBytes,
  planWat,
  reasonAgainst,
  trampoline,
} from './plan-wat.ts';

t.test('flattenComponent() makes a plan of imports, core instances and exports', async (t) => {
  const bytes = await parse(`(component
    (import "test:demo/log@1.2.3" (instance $log
      (export "line" (func (param "level" u8) (param "text" string)))))
    (core module $libc (memory (export "memory") 1))
    (core instance $libc (instantiate $libc))
    (core func $line (canon lower (func $log "line") (memory (core memory $libc "memory"))))
    (core module $main
      (import "log" "line" (func (param i32 i32 i32)))
      (import "libc" "memory" (memory 1))
      (func (export "answer") (result i32) i32.const 42)
      (func (export "after") (param i32)))
    (core instance $main (instantiate $main
      (with "libc" (instance $libc))
      (with "log" (instance (export "line" (func $line))))))
    (func $answer (result u32)
      (canon lift (core func $main "answer") (post-return (core func $main "after"))))
    (instance $api (export "answer" (func $answer)))
    (export "root" (func $answer))
    (export "test:demo/api@1.2.3" (instance $api)))`);
  const plan = planBytes(bytes);
  t.strictSame(
    { ...plan, modules: plan.modules.length },
    {
      modules: 2,
      imports: [
        {
          interface: 'test:demo/log@1.2.3',
          name: 'line',
          type: {
            parameters: [
              { name: 'level', type: { kind: 'u8' } },
              { name: 'text', type: { kind: 'string' } },
            ],
            result: undefined,
          },
        },
      ],
      resources: [],
      lifts: [
        {
          component: 0,
          core: exported(1, 'answer'),
          type: { parameters: [], result: { kind: 'u32' } },
          options: { ...NO_OPTIONS, postReturn: exported(1, 'after') },
        },
      ],
      trampolines: [
        {
          kind: 'lower',
          component: 0,
          import: 0,
          options: { ...NO_OPTIONS, memory: exported(0, 'memory') },
        },
      ],
      steps: [
        { kind: 'instantiate', module: 0, imports: [] },
        {
          kind: 'instantiate',
          module: 1,
          imports: [
            ['log', 'line', trampoline(0)],
            ['libc', 'memory', exported(0, 'memory')],
          ],
        },
      ],
      exports: [
        { interface: '', name: 'root', lift: 0 },
        { interface: 'test:demo/api@1.2.3', name: 'answer', lift: 0 },
      ],
      components: 1,
    },
  );
  for (const { offset, bytes: length } of plan.modules) {
    t.ok(WebAssembly.validate(bytes.slice(offset, offset + length)), 'a whole core module');
  }
});

t.test('one resource type is one entry, through every alias; two releases are two', async (t) => {
  const plan = await planWat(`(component
    (import "a:io/s@0.2.0" (instance $old (export "stream" (type (sub resource)))))
    (import "a:io/s@0.2.12" (instance $new
      (export "stream" (type $s (sub resource)))
      (export "[method]stream.read" (func (param "self" (borrow $s))))
      (export "[constructor]stream" (func (result (own $s))))
      (export "[static]stream.both" (func))))
    (alias export $new "stream" (type $stream))
    (alias export $old "stream" (type $old-stream))
    (import "a:http/t@0.2.12" (instance $http
      (alias outer 1 $stream (type $outer))
      (export "stream" (type $used (eq $outer)))
      (export "input" (type $renamed (eq $used)))
      (export "open" (func (result (own $renamed))))))
    (alias export $http "input" (type $input))
    (core func $open (canon lower (func $http "open")))
    (core func $read (canon lower (func $new "[method]stream.read")))
    (core func $drop (canon resource.drop $stream))
    (core func $same-drop (canon resource.drop $input))
    (core func $drop-old (canon resource.drop $old-stream))
    (core module $m
      (import "" "open" (func (result i32))) (import "" "read" (func (param i32)))
      (import "" "drop" (func (param i32))) (import "" "same-drop" (func (param i32)))
      (import "" "drop-old" (func (param i32))))
    (core instance (instantiate $m (with "" (instance
      (export "open" (func $open)) (export "read" (func $read)) (export "drop" (func $drop))
      (export "same-drop" (func $same-drop)) (export "drop-old" (func $drop-old)))))))`);
  t.strictSame(plan.resources, [
    { kind: 'imported', interface: 'a:io/s@0.2.0', name: 'stream' },
    { kind: 'imported', interface: 'a:io/s@0.2.12', name: 'stream' },
  ]);
  t.strictSame(plan.imports[0]?.type.result, { kind: 'own', resource: 1 });
  t.strictSame(plan.imports[1]?.type.parameters[0]?.type, { kind: 'borrow', resource: 1 });
  t.strictSame(
    plan.trampolines.map(({ kind }) => kind),
    ['lower', 'lower', 'resource-drop', 'resource-drop'],
    'the same function twice is made once',
  );
  const [given = {}] = importsOf(plan);
  t.strictSame(given['.drop'], given['.same-drop']);
  t.notSame(given['.drop'], given['.drop-old']);
});

const COUNTER = `(component $counter
  (core module $m
    (func (export "drop") (param i32))
    (func (export "new") (result i32) i32.const 0)
    (func (export "get") (param i32) (result i32) local.get 0))
  (core instance $m (instantiate $m))
  (type $counter' (resource (rep i32) (dtor (core func $m "drop"))))
  (export $counter "counter" (type $counter'))
  (core func $new (canon resource.new $counter))
  (core func $rep (canon resource.rep $counter))
  (core module $use (import "" "new" (func (param i32) (result i32)))
    (import "" "rep" (func (param i32) (result i32))))
  (core instance (instantiate $use (with "" (instance
    (export "new" (func $new)) (export "rep" (func $rep))))))
  (func (export "[constructor]counter") (result (own $counter)) (canon lift (core func $m "new")))
  (func (export "[method]counter.get") (param "self" (borrow $counter)) (result u32)
    (canon lift (core func $m "get"))))`;

t.test('a composition: resources of a nested component, adapters between components', async (t) => {
  const plan = await planWat(`(component
    ${COUNTER}
    (component $user
      (import "counters" (instance $counters
        (export "counter" (type $counter (sub resource)))
        (export "[constructor]counter" (func (result (own $counter))))
        (export "[method]counter.get" (func (param "self" (borrow $counter)) (result u32)))))
      (alias export $counters "counter" (type $counter))
      (core func $make (canon lower (func $counters "[constructor]counter")))
      (core func $get (canon lower (func $counters "[method]counter.get")))
      (core func $drop (canon resource.drop $counter))
      (core module $m
        (import "" "make" (func (result i32))) (import "" "get" (func (param i32) (result i32)))
        (import "" "drop" (func (param i32)))
        (func (export "run") (result i32) i32.const 1))
      (core instance $m (instantiate $m (with "" (instance
        (export "make" (func $make)) (export "get" (func $get)) (export "drop" (func $drop))))))
      (func (export "run") (result u32) (canon lift (core func $m "run"))))
    (instance $one (instantiate $counter))
    (instance $two (instantiate $counter))
    (instance $user (instantiate $user (with "counters" (instance $two))))
    (export "run" (func $user "run")))`);
  t.equal(plan.components, 3, 'the outermost only puts the others together: it needs no tables');
  t.strictSame(plan.resources, [
    { kind: 'own', component: 0, destructor: exported(0, 'drop') },
    { kind: 'own', component: 1, destructor: exported(2, 'drop') },
  ]);
  t.match(plan.trampolines.slice(4), [
    { kind: 'adapter', component: 2, lift: 0 },
    { kind: 'adapter', component: 2, lift: 1 },
    { kind: 'resource-drop', component: 2, resource: 1 },
  ]);
  t.match(plan.lifts, [
    { component: 1, core: exported(2, 'new'), type: { result: { kind: 'own', resource: 1 } } },
    { component: 1, core: exported(2, 'get') },
    { component: 2, core: exported(4, 'run') },
  ]);
  t.strictSame(
    plan.steps.map((step) => step.kind === 'instantiate' && step.module),
    [0, 1, 0, 1, 2],
    'in the order of instantiation, each module once',
  );
  t.strictSame(plan.exports, [{ interface: '', name: 'run', lift: 2 }]);
});

t.test('every form of alias leads to what it names', async (t) => {
  const plan = await planWat(`(component
    (type $outer-type (record (field "n" u32)))
    (import "point" (type $point (eq $outer-type)))
    (import "take" (func $take (param "p" $point)))
    (core type $outer-core-type (func))
    (core module $outer-module (func (export "f") (param i32)))
    (component $outer-component
      (import "point" (type $inner-point (eq $outer-type)))
      (alias outer 1 $outer-module (core module $module))
      (alias outer 1 $outer-core-type (core type $core-type))
      (alias outer 1 $point (type $aliased))
      (core instance $i (instantiate $module))
      (alias core export $i "f" (core func $f))
      (export $p "point" (type $aliased))
      (func $lifted (param "p" $p) (canon lift (core func $f)))
      (instance $group (export "f" (func $lifted)) (export "point" (type $p)))
      (export "group" (instance $group) (instance
        (alias outer 1 $p (type $t)) (export "point" (type $u (eq $t)))
        (export "f" (func (param "p" $u))))))
    (component $middle
      (alias outer 1 $outer-component (component $c))
      (alias outer 1 $point (type $p))
      (instance $i (instantiate $c (with "point" (type $p))))
      (alias export $i "group" (instance $group))
      (alias export $group "f" (func $f))
      (export "deep" (component $c))
      (export "f" (func $f)))
    (instance $m (instantiate $middle))
    (alias export $m "deep" (component $deep))
    (instance $again (instantiate $deep (with "point" (type $point))))
    (alias export $again "group" (instance $group))
    (export "one" (func $m "f"))
    (export "two" (func $group "f")))`);
  t.equal(plan.modules.length, 1);
  t.equal(plan.steps.length, 2);
  t.equal(plan.lifts.length, 2);
  const parameter = {
    name: 'p',
    type: { kind: 'record', fields: [{ name: 'n', type: { kind: 'u32' } }] },
  };
  t.strictSame(plan.lifts[1]?.type.parameters, [parameter]);
  t.strictSame(
    plan.exports.map(({ name, lift }) => [name, lift]),
    [
      ['one', 0],
      ['two', 1],
    ],
  );
});

t.test('all sorts of core exports pass through groups, under other names', async (t) => {
  const plan = await planWat(`(component
    (core module $a (memory (export "m") 1) (table (export "t") 1 funcref)
      (global (export "g") i32 (i32.const 1)) (func (export "f")) (tag (export "e") (param i32)))
    (core instance $a (instantiate $a))
    (core instance $group (export "memory" (memory $a "m")) (export "table" (table $a "t"))
      (export "global" (global $a "g")) (export "func" (func $a "f")))
    (core instance $again (export "x" (memory $group "memory")) (export "y" (table $group "table"))
      (export "z" (global $group "global")) (export "w" (func $group "func")))
    (core module $b (import "" "x" (memory 1)) (import "" "y" (table 1 funcref))
      (import "" "z" (global i32)) (import "" "w" (func)) (import "" "w" (func)))
    (core instance (instantiate $b (with "" (instance $again)))))`);
  t.strictSame(importsOf(plan)[1], {
    '.x': exported(0, 'm'),
    '.y': exported(0, 't'),
    '.z': exported(0, 'g'),
    '.w': exported(0, 'f'),
  });
});

t.test('a start section is a step between the instantiations around it', async (t) => {
  // wasm-tools has no text for start sections without values, so the section is put in by hand.
  const before = await parse(`(component
    (core module $m (func (export "f")))
    (core instance $m (instantiate $m))
    (func $f (canon lift (core func $m "f"))))`);
  const start = Uint8Array.of(9, 3, 0, 0, 0);
  const plan = planBytes(new Uint8Array([...before, ...start]));
  t.strictSame(plan.steps, [
    { kind: 'instantiate', module: 0, imports: [] },
    { kind: 'start', lift: 0 },
  ]);
  const reason = planComponent(new Uint8Array([...before, 9, 4, 0, 1, 0, 0]));
  t.match(reason, { unsupported: /values/ });
});

t.test('definitions that do not fit each other are malformed, with where', async (t) => {
  const counters = `(import "r" (type $r (sub resource)))`;
  const cases: readonly [why: string, wat: string][] = [
    [
      'no argument for a core import',
      '(core module $m (import "a" "b" (func))) (core instance (instantiate $m))',
    ],
    [
      'a core import of another sort',
      `(core module $a (memory (export "b") 1)) (core instance $a (instantiate $a))
       (core module $m (import "a" "b" (func)))
       (core instance (instantiate $m (with "a" (instance $a))))`,
    ],
    [
      'a core import of another signature',
      `${counters} (core func $drop (canon resource.drop $r))
       (core module $m (import "a" "drop" (func (param i64))))
       (core instance (instantiate $m (with "a" (instance (export "drop" (func $drop))))))`,
    ],
    [
      'an alias of what is not exported',
      '(core module $m) (core instance $m (instantiate $m)) (alias core export $m "f" (core func))',
    ],
    ['a handle of no resource', '(type $t u8) (type (own $t))'],
    ['a borrow in a result', `${counters} (type (func (result (borrow $r))))`],
    ['a new of an imported resource', `${counters} (core func (canon resource.new $r))`],
    ['a rep of an imported resource', `${counters} (core func (canon resource.rep $r))`],
    [
      'a lifted function of another signature',
      `(core module $m (func (export "f") (param i32))) (core instance $m (instantiate $m))
       (func (result u32) (canon lift (core func $m "f")))`,
    ],
    [
      'a method of no resource',
      '(import "i" (instance (export "[method]r.f" (func (param "self" u32)))))',
    ],
    [
      'a method without its resource as self',
      `(import "i" (instance (export "r" (type (sub resource)))
        (export "[method]r.f" (func (param "self" u32)))))`,
    ],
    [
      'an argument of another type',
      `(import "f" (func $f (param "a" u8)))
       (component $c (import "f" (func (param "a" u16))))
       (instance (instantiate $c (with "f" (func $f))))`,
    ],
    [
      'an instance without what is asked for',
      `(import "i" (instance $i (export "f" (func))))
       (component $c (import "i" (instance (export "g" (func)))))
       (instance (instantiate $c (with "i" (instance $i))))`,
    ],
    ['a missing argument', '(component $c (import "i" (func))) (instance (instantiate $c))'],
    [
      'a resource where another is asked for',
      `${counters} (import "s" (type $s (sub resource)))
       (component $c (import "a" (type $a (sub resource))) (import "b" (type (eq $a))))
       (instance (instantiate $c (with "a" (type $r)) (with "b" (type $s))))`,
    ],
    ['a label that differs in case only', '(type (enum "a" "A"))'],
    ['a label that is none', '(type (enum "__proto__"))'],
    ['a long label that is none', `(type (enum "a${'-1'.repeat(5000)}-"))`],
    ['a record without fields', '(type (record))'],
    ['two imports of one name', '(import "a" (func)) (import "a" (func))'],
  ];
  for (const [why, wat] of cases) {
    const bytes = await parse(`(component ${wat})`);
    try {
      planComponent(bytes);
      t.fail(why);
    } catch (error) {
      const { code, fields } = error as { code: string; fields: { offset: number } };
      t.equal(code, 'malformed_wasm', why);
      t.ok(fields.offset >= 8 && fields.offset <= bytes.length, `${why}: offset ${fields.offset}`);
    }
  }
});

t.test('what only another component may ask for is not the outermost one’s to see', async (t) => {
  const bytes = await parse(`(component ${COUNTER}
    (instance $c (instantiate $counter))
    (alias export $c "counter" (type $t))
    (core func (canon resource.rep $t)))`);
  t.throws(() => planComponent(bytes), { code: 'malformed_wasm' });
});

t.test('an instance within an instance is left to jco', async (t) => {
  t.match(
    await reasonAgainst('(component (import "i" (instance (export "j" (instance)))))'),
    /instance within an instance/,
  );
  t.match(
    await reasonAgainst(`(component (instance $e) (instance $i (export "j" (instance $e)))
      (export "i" (instance $i)))`),
    /instance within an instance/,
  );
});
