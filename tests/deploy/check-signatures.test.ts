import t from 'tap';
import type { FunctionType, Plan, ValueType } from '../../host/component/plan.ts';
import { checkSignatures } from '../../host/deploy/check-signatures.ts';

const stream = {
  kind: 'imported',
  interface: 'wasi:io/streams@0.2.3',
  name: 'output-stream',
} as const;
const error = { kind: 'imported', interface: 'wasi:io/error@0.2.3', name: 'error' } as const;
const streamError: ValueType = {
  kind: 'variant',
  cases: [
    { name: 'last-operation-failed', type: { kind: 'own', resource: 1 } },
    { name: 'closed', type: undefined },
  ],
};
const bytes: ValueType = { kind: 'list', element: { kind: 'u8' } };

function planOf(type: FunctionType, changes: Partial<Plan['imports'][0]> = {}): Plan {
  return {
    modules: [],
    imports: [
      { interface: 'wasi:io/streams@0.2.3', name: '[method]output-stream.write', type, ...changes },
    ],
    resources: [stream, error, { kind: 'own', component: 0, destructor: undefined }],
    lifts: [],
    trampolines: [],
    steps: [],
    exports: [],
    components: 1,
  };
}

const write = (self: ValueType, contents: ValueType, err: ValueType): FunctionType => ({
  parameters: [
    { name: 'self', type: self },
    { name: 'whatever', type: contents },
  ],
  result: { kind: 'result', ok: undefined, err },
});
const self: ValueType = { kind: 'borrow', resource: 0 };

t.test('checkSignatures() takes the official types, whatever parameters are called', (t) => {
  t.doesNotThrow(() => checkSignatures(planOf(write(self, bytes, streamError))));
  t.end();
});

t.test('checkSignatures() refuses every other type and function', (t) => {
  const mismatch = { code: 'import_type_mismatch' };
  const right = write(self, bytes, streamError);
  const leak: ValueType = {
    kind: 'variant',
    cases: [
      {
        name: 'last-operation-failed',
        type: { kind: 'record', fields: [{ name: 'cause', type: { kind: 'string' } }] },
      },
      { name: 'closed', type: undefined },
    ],
  };
  const wrong: readonly (readonly [string, Plan])[] = [
    ['text for bytes', planOf(write(self, { kind: 'string' }, streamError))],
    ['a record in place of a resource', planOf(write(self, bytes, leak))],
    ['another resource', planOf(write({ kind: 'borrow', resource: 1 }, bytes, streamError))],
    [
      "a component's own resource",
      planOf(write({ kind: 'borrow', resource: 2 }, bytes, streamError)),
    ],
    ['owned for borrowed', planOf(write({ kind: 'own', resource: 0 }, bytes, streamError))],
    ['no result', planOf({ ...right, result: undefined })],
    [
      'a parameter more',
      planOf({ ...right, parameters: [...right.parameters, { name: 'x', type: bytes }] }),
    ],
  ];
  const unknown: readonly (readonly [string, Plan])[] = [
    ['an unknown function', planOf(right, { name: '[method]output-stream.overwrite' })],
    ['a name of JavaScript', planOf(right, { name: 'constructor' })],
    ['an unknown interface', planOf(right, { interface: 'wasi:io/floods@0.2.3' })],
    ['a function without an interface', planOf(right, { interface: '' })],
  ];
  for (const [what, plan] of wrong) t.throws(() => checkSignatures(plan), mismatch, what);
  for (const [what, plan] of unknown) {
    t.throws(() => checkSignatures(plan), { code: 'unknown_import' }, what);
  }
  t.end();
});

t.test('checkSignatures() refuses a type that would fill memory as text', (t) => {
  let type: ValueType = { kind: 'u8' };
  for (let level = 0; level < 60; level += 1) type = { kind: 'tuple', items: [type, type] };
  t.throws(() => checkSignatures(planOf(write(self, type, streamError))), {
    code: 'import_type_mismatch',
  });
  t.end();
});
