import fc from 'fast-check';
import t from 'tap';
import { emitComponent } from '../../../host/component/emit/emit-component.ts';
import { camelCase } from '../../../host/component/emit/name-table.ts';
import type { Plan, ValueType } from '../../../host/component/plan.ts';
import { exported, func, options, planOf, trampoline } from './test-component.ts';

/** A plan with a name of one's choice wherever there can be one. */
function planWith(name: string): Plan {
  const type: ValueType = {
    kind: 'record',
    fields: [
      { name, type: { kind: 'enum', names: [name, 'z'] } },
      { name: `${name}x`, type: { kind: 'flags', names: [name, 'y'] } },
      { name: `${name}v`, type: { kind: 'variant', cases: [{ name, type: undefined }] } },
    ],
  };
  return planOf({
    imports: [{ interface: name, name, type: func([type], type) }],
    resources: [
      { kind: 'imported', interface: name, name },
      { kind: 'own', component: 0, destructor: exported(name) },
    ],
    trampolines: [
      {
        kind: 'lower',
        component: 0,
        import: 0,
        options: options({ memory: exported(name), realloc: exported(name) }),
      },
    ],
    lifts: [
      {
        component: 0,
        core: exported(name),
        type: func([type], type),
        options: options({ postReturn: exported(name) }),
      },
    ],
    steps: [{ kind: 'instantiate', module: 0, imports: [[name, name, trampoline(0)]] }],
    exports: [{ interface: name, name, lift: 0 }],
  });
}

const HOSTILE = [
  "'+process.exit()+'",
  '"];process.exit()//',
  '`${process.exit()}`',
  '\u2028process.exit()',
  '*/process.exit()/*',
  '__proto__',
  '}}}',
];

/** Source without the numbers of names: which names are equal is all it may show of them. */
function sourceFor(name: string): string {
  const { source } = emitComponent(planWith(name), {
    isBlocking: () => false,
    hasStart: () => false,
  });
  return source.replaceAll(/\bn\d+\b/g, 'n').replace(/^const\[n(,n)*\]=N;$/m, '');
}

t.test('emitted source is the same whatever the names are', (t) => {
  const plain = sourceFor('a-plain-name');
  for (const name of HOSTILE) t.equal(sourceFor(name), plain, name);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 3 }), (name) => sourceFor(name) === plain),
    { numRuns: 200 },
  );
  t.end();
});

t.test('camelCase() spells names as the JavaScript mapping has them', (t) => {
  for (const [name, expected] of [
    ['seconds', 'seconds'],
    ['utc-offset', 'utcOffset'],
    ['in-daylight-saving-time', 'inDaylightSavingTime'],
    ['TLS-alert', 'tlsAlert'],
    ['a1-b2', 'a1B2'],
  ] as const) {
    t.equal(camelCase(name), expected);
  }
  t.end();
});
