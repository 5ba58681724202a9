import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import t from 'tap';
import { planComponent } from '../../host/component/plan-component.ts';
import type { FunctionType, Plan, ValueType } from '../../host/component/plan.ts';
import { scanComponent } from '../../host/component/scan-component.ts';
import { checkImports } from '../../host/deploy/check-imports.ts';
import { checkEntry, checkSignatures } from '../../host/deploy/check-signatures.ts';
import { generateCode, type GeneratedCode } from '../../host/deploy/generate-code.ts';
import type { ServedKind } from '../../host/deploy/served-kind.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { command3, example } from '../guests/guests.ts';
import { wasiImport } from '../guests/wasi-wat.ts';

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

t.test('what serves 0.3 must have the type that WASI gives it', async (t) => {
  const served = (name: string, function_: string): ServedKind => ({
    kind: 'http',
    entry: { interface: name, function: function_ },
  });
  for (const [bytes, entry] of [
    [example('hello-p3-rust'), served('wasi:http/handler@0.3.2', 'handle')],
    [command3(), served('wasi:cli/run@0.3.2', 'run')],
  ] as const) {
    const planned = planComponent(bytes);
    if ('unsupported' in planned) throw new Error(planned.unsupported);
    t.doesNotThrow(() => checkEntry(planned.plan, entry));
  }
  const wrong = await parse(`(component
    (core module $m (func (export "f") (result i32) i32.const 0))
    (core instance $i (instantiate $m))
    (func $f (result u32) (canon lift (core func $i "f")))
    (instance $e (export "handle" (func $f)))
    (export "wasi:http/handler@0.3.0" (instance $e)))`);
  const planned = planComponent(wrong);
  if ('unsupported' in planned) throw new Error(planned.unsupported);
  t.throws(() => checkEntry(planned.plan, served('wasi:http/handler@0.3.0', 'handle')), {
    code: 'export_type_mismatch',
  });
});

t.test('components of 0.3 run on the native engine or not at all', async (t) => {
  const entry = { interface: 'wasi:http/handler@0.3.2', function: 'handle' };
  const served: ServedKind = { kind: 'http', entry };
  await t.rejects(generateCode(example('hello-p3-rust'), [], served, 'jco'), {
    code: 'async_not_offered',
  });
});

/** A component of the native engine's kind, and one definition more that only jco knows. */
async function fallingBack(change: (text: string) => string): Promise<Uint8Array> {
  const text = readFileSync(join(import.meta.dirname, '../guests/wat/hello.wat'), 'utf8');
  const whole = text.replaceAll(/\{\{([^{}]+)\}\}/g, (_, name: string) => wasiImport(name) ?? '');
  return parse(change(`${whole.slice(0, whole.lastIndexOf(')'))} ${UNKNOWN})`));
}

const UNKNOWN = '(type (map string u8))';

async function generateFor(bytes: Uint8Array): Promise<GeneratedCode> {
  const { imports } = scanComponent(bytes, { maxImports: 100 });
  const entry = { interface: 'wasi:http/incoming-handler@0.2.12', function: 'handle' };
  return await generateCode(
    bytes,
    checkImports(imports, wasiInterfaces),
    { kind: 'http', entry },
    'auto',
  );
}

t.test(
  'a component that falls back to jco calls the host with the official types too',
  async (t) => {
    const right = await generateFor(await fallingBack((text) => text));
    t.match(right, { engine: 'jco', fallbackReason: 'the type map' });
    const bytes = '(param "contents" (list u8))';
    const wrong: readonly (readonly [
      what: string,
      change: (text: string) => string,
      code: string,
    ])[] = [
      [
        'text for bytes',
        (text) => text.replace(bytes, '(param "contents" string)'),
        'import_type_mismatch',
      ],
      [
        'a type that only jco knows',
        (text) => text.replace(bytes, '(param "contents" (map string u8))'),
        'import_not_checked',
      ],
      [
        'a number in place of a resource',
        (text) =>
          text.replace(
            '(case "last-operation-failed" (own $error))',
            '(case "last-operation-failed" u32)',
          ),
        'import_type_mismatch',
      ],
      [
        'a function that there is not',
        (text) =>
          text.replaceAll(
            '[method]output-stream.blocking-write-and-flush',
            '[method]output-stream.overwrite',
          ),
        'unknown_import',
      ],
      [
        'an import behind what only jco knows',
        (text) => text.replace('(component', `(component ${UNKNOWN}`),
        'import_not_checked',
      ],
    ];
    for (const [what, change, code] of wrong) {
      const component = await fallingBack((text) => {
        const changed = change(text);
        if (changed === text) throw new Error(`Nothing was changed for ${what}`);
        return changed;
      });
      await t.rejects(generateFor(component), { code }, what);
    }
  },
);
