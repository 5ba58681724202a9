/** Plans of real components: what toolchains build today, against what other tools say is in it. */
import fs from 'node:fs';
import t from 'tap';
import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { adaptPreview1 } from '../../host/deploy/preview1-adapter.ts';
import type { CoreRef, Plan, ValueType } from '../../host/component/plan.ts';
import { planComponent } from '../../host/component/plan-component.ts';
import { scanComponent } from '../../host/component/scan-component.ts';
import { example, misbehave } from '../guests/guests.ts';
import { wat, watNames } from '../guests/wat.ts';
import { checkIndices } from './check-indices.ts';
import { planBytes } from './plan-wat.ts';

const HELLO_JS = new URL('../../components/.cache/', import.meta.url);
const RUST = ['hello-rust', 'echo-rust', 'fetch-rust', 'files-rust'] as const;

/** Core instances of a plan, with functions as trampolines that must not be called unless the guest is there for that. */
function instantiate(plan: Plan, bytes: Uint8Array, callsHost = false): WebAssembly.Instance[] {
  const instances: WebAssembly.Instance[] = [];
  const get = (ref: CoreRef): WebAssembly.ExportValue => {
    if (ref.kind === 'trampoline') {
      return () => (callsHost ? 0n : t.fail('called while it was instantiated'));
    }
    const value = instances[ref.instance]?.exports[ref.name];
    if (value === undefined) throw new Error(`No export ${ref.name} of instance ${ref.instance}`);
    return value;
  };
  for (const step of plan.steps) {
    if (step.kind !== 'instantiate') continue;
    const range = plan.modules[step.module];
    const start = range?.offset ?? 0;
    const module = new WebAssembly.Module(bytes.slice(start, start + (range?.bytes ?? 0)));
    // Names are data: `__proto__` is one like any other.
    const imports = Object.create(null) as Record<string, Record<string, unknown>>;
    for (const [from, field, ref] of step.imports) {
      const group = imports[from] ?? (Object.create(null) as (typeof imports)[string]);
      group[field] = get(ref);
      imports[from] = group;
    }
    instances.push(new WebAssembly.Instance(module, imports as WebAssembly.Imports));
  }
  for (const ref of lateRefs(plan)) get(ref);
  return instances;
}

/** References that are followed when everything exists. */
function lateRefs(plan: Plan): CoreRef[] {
  const options = [...plan.lifts, ...plan.trampolines].flatMap((one) =>
    'options' in one ? [one.options.memory, one.options.realloc, one.options.postReturn] : [],
  );
  return [...options, ...plan.lifts.map(({ core }) => core)].filter((ref) => ref !== undefined);
}

t.test('Rust components keep one core module: shim and fixup are gone', async (t) => {
  for (const name of RUST) {
    const bytes = example(name);
    const plan = planBytes(bytes);
    t.equal(plan.modules.length, 1, name);
    t.equal(plan.steps.length, 1, name);
    t.equal(plan.components, 1, name);
    const [step] = plan.steps;
    const given = step?.kind === 'instantiate' ? step.imports.map(([, , ref]) => ref) : [];
    t.ok(
      given.every(({ kind }) => kind === 'trampoline'),
      `${name}: imports are trampolines`,
    );
    const used = new Set(given.map((ref) => ref.kind === 'trampoline' && ref.index));
    t.equal(used.size, plan.trampolines.length, `${name}: no trampoline without a use`);
    t.same(checkIndices(plan), []);
    t.equal(instantiate(plan, bytes).length, 1, `${name}: V8 takes it`);
  }
});

t.test('the plan of hello-rust', async (t) => {
  const plan = planBytes(example('hello-rust'));
  t.match(plan.exports, [
    { interface: 'wasi:http/incoming-handler@0.2.12', name: 'handle', lift: 0 },
  ]);
  t.equal(plan.imports.length, 21);
  t.equal(plan.trampolines.length, 32);
  const names = plan.resources.map(
    (one) => one.kind === 'imported' && `${one.interface}#${one.name}`,
  );
  t.equal(new Set(names).size, names.length, 'every resource once');
  const find = (name: string): number => names.indexOf(name);
  const stdout = plan.imports.find(({ name }) => name === 'get-stdout');
  const resource = find('wasi:io/streams@0.2.12#output-stream');
  t.strictSame(stdout?.type.result, { kind: 'own', resource });
  const write = plan.imports.find(({ name }) => name === '[method]outgoing-body.write');
  t.strictSame(write?.type.result, {
    kind: 'result',
    ok: { kind: 'own', resource },
    err: undefined,
  });
  t.match(plan.lifts[0]?.type.parameters, [
    { name: 'request', type: { resource: find('wasi:http/types@0.2.12#incoming-request') } },
    { name: 'response-out', type: { resource: find('wasi:http/types@0.2.12#response-outparam') } },
  ]);
});

t.test('a preview1 command keeps its shim for the adapter’s functions alone', async (t) => {
  const bytes = await adaptPreview1(example('upper-c'));
  const plan = planBytes(bytes);
  t.equal(plan.modules.length, 4, 'shim, main, adapter, fixup');
  const [shim = [], main = [], adapter = []] = plan.steps.map((step) =>
    step.kind === 'instantiate' ? step.imports : [],
  );
  t.equal(shim.length, 0);
  t.ok(main.length > 0);
  for (const [from, , ref] of main)
    t.match([from, ref], ['wasi_snapshot_preview1', { instance: 0 }]);
  const hosts = adapter.filter(([from]) => from.startsWith('wasi:'));
  t.ok(hosts.length > 10 && hosts.every(([, , ref]) => ref.kind === 'trampoline'));
  t.same(checkIndices(plan), []);
  t.equal(instantiate(plan, bytes).length, 4, 'V8 takes it');
});

t.test(
  'larger components: the misbehaving guest, and the JavaScript one if it was built',
  async (t) => {
    const js = fs.existsSync(HELLO_JS)
      ? fs.readdirSync(HELLO_JS).filter((file) => /^hello-js-.*\.wasm$/.test(file))
      : [];
    for (const bytes of [
      misbehave(),
      ...js.map((file) => fs.readFileSync(new URL(file, HELLO_JS))),
    ]) {
      const plan = planBytes(bytes);
      t.equal(plan.modules.length, 1);
      t.same(checkIndices(plan), []);
      t.equal(instantiate(plan, bytes).length, 1);
      t.ok(
        plan.imports.every(({ interface: from }) => /^wasi:[\w-]+\/[\w-]+@0\.2\.\d+$/.test(from)),
      );
    }
  },
);

/** What the placeholders of guests stand for. */
const VALUES: Readonly<Record<string, string>> = {
  name: '"__proto__"',
  body: 'nop',
  result: '0',
  import: '"other:package/interface@1.0.0"',
  call: '$spin',
  try: '',
  catch: '',
  burn: '(func $burn)',
  start: '',
  handle: '',
  post: '',
  realloc: '',
};
/** Guests whose start function asks the host for random bytes. */
const CALLS_HOST_AT_START = new Set(['random-letters', 'seeded']);
/** Guests that have no plan, and why. */
const refusalOf = (name: string): string | undefined => {
  if (/^(?:core-|name-core-)/.test(name)) return 'malformed_wasm';
  return name === 'shared-memory' ? 'shared_memory_refused' : undefined;
};
t.test(
  'every guest written in WAT has a plan that V8 takes, or the code it is there for',
  async (t) => {
    for (const name of watNames()) {
      const bytes = await wat(name, VALUES);
      const code = refusalOf(name);
      if (code !== undefined) {
        t.throws(() => planBytes(bytes), { code }, name);
        continue;
      }
      const plan = planBytes(bytes);
      t.same(checkIndices(plan), [], name);
      const instances = instantiate(plan, bytes, CALLS_HOST_AT_START.has(name));
      t.equal(instances.length, plan.steps.length, name);
    }
  },
);

t.test('functions have the types that jco generates from the same component', async (t) => {
  await $init;
  const bytes = example('fetch-rust');
  const { files } = generate(bytes, {
    name: 'component',
    map: [],
    instantiation: { tag: 'async' },
    noTypescript: false,
    noNodejsCompat: true,
    base64Cutoff: 0,
    multiMemory: true,
  });
  const declarations = new Map(
    files.map(([path, content]) => [path, new TextDecoder().decode(content)]),
  );
  const plan = planBytes(bytes);
  let compared = 0;
  for (const one of plan.imports) {
    const path = one.interface.replace(/@.*/, '').replaceAll(/[:/]/g, '-');
    const text = declarations.get(`interfaces/${path}.d.ts`) ?? '';
    const expected = findDeclaration(text, one.name);
    const { result } = one.type;
    const shown = result?.kind === 'result' ? result.ok : result;
    const parameters = one.type.parameters.filter(({ name }) => name !== 'self');
    const written = [
      ...parameters.map(({ name, type }) => `${camelCase(name)}: ${showType(plan, type)}`),
      one.name.startsWith('[constructor]') ? '' : showType(plan, shown),
    ];
    t.equal(expected?.length, written.length, one.name);
    for (const [index, line] of written.entries()) {
      // Types with names of their own are declared elsewhere; `any of them` stands for these here.
      if (line.includes(NAMED)) continue;
      compared += 1;
      t.equal(line, expected?.[index], one.name);
    }
  }
  t.ok(compared > 50, `${compared} types compared`);
  const http = declarations.get('interfaces/wasi-http-types.d.ts') ?? '';
  const handle = plan.imports.find(({ name }) => name === 'handle');
  const errors = handle?.type.result?.kind === 'result' ? handle.type.result.err : undefined;
  const tags = [...http.matchAll(/interface ErrorCode\w+ \{\s+tag: '([\w-]+)'/g)].map(
    ([, tag]) => tag,
  );
  t.equal(tags.length, 39);
  t.same(errors?.kind === 'variant' && errors.cases.map(({ name }) => name), tags);
});

t.test('instances and imports are those that scanComponent() sees', async (t) => {
  const bytes = example('fetch-rust');
  const { imports, exports } = scanComponent(bytes);
  const plan = planBytes(bytes);
  const names = new Set(imports.map(({ name }) => name));
  t.ok(plan.imports.every((one) => names.has(one.interface)));
  t.ok(plan.exports.every((one) => exports.some(({ name }) => name === one.interface)));
});

t.test('a core module is no component', async (t) => {
  const core = await parse('(module)');
  t.throws(() => planComponent(core), { code: 'malformed_wasm', fields: { offset: 4 } });
});

const NAMED = 'any of them';

/** A type as jco writes it in TypeScript. */
function showType(plan: Plan, type: ValueType | undefined): string {
  if (type === undefined) return 'void';
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 's64':
    case 'u64':
      return 'bigint';
    case 'char':
    case 'string':
      return 'string';
    case 'list':
      return type.element.kind === 'u8' ? 'Uint8Array' : `Array<${showType(plan, type.element)}>`;
    case 'tuple':
      return `[${type.items.map((item) => showType(plan, item)).join(', ')}]`;
    case 'option':
      return `${showType(plan, type.some)} | undefined`;
    case 'result':
      return `Result<${showType(plan, type.ok)}, ${showType(plan, type.err)}>`;
    case 'own':
    case 'borrow':
      return pascalCase(plan.resources[type.resource]);
    case 'stream':
    case 'future':
    case 'record':
    case 'variant':
    case 'enum':
    case 'flags':
      return NAMED;
    case 's8':
    case 'u8':
    case 's16':
    case 'u16':
    case 's32':
    case 'u32':
    case 'f32':
    case 'f64':
      return 'number';
  }
}

/** Parameters and result that a declaration file gives for a function. */
function findDeclaration(text: string, name: string): string[] | undefined {
  const [, annotation, resource = '', member = ''] =
    /^(?:\[(\w+)\]([\w-]+)\.?)?([\w-]*)$/.exec(name) ?? [];
  const inClass =
    new RegExp(`class ${pascalCase({ name: resource })} [^]*?\n}`).exec(text)?.[0] ?? '';
  const start = annotation === undefined ? 'function ' : annotation === 'static' ? 'static ' : '';
  const wanted = annotation === 'constructor' ? 'constructor' : camelCase(member);
  const line = new RegExp(`${start}${wanted}\\((.*)\\)(?:: (.+))?;?$`, 'm').exec(
    annotation === undefined ? text : inClass,
  );
  if (line === null) return undefined;
  const parameters = (line[1] ?? '').split(/, (?=\w+: )/).filter((one) => one !== '');
  const aliases = new Map(
    [...text.matchAll(/^export type (\w+) = (\w+);$/gm)].map(([, alias = '', to = '']) => [
      alias,
      to,
    ]),
  );
  const resolve = (word: string): string => {
    const to = aliases.get(word);
    return to === undefined ? word : resolve(to);
  };
  // Words of JavaScript have an underscore as parameters.
  return [...parameters, line[2]?.replace(/;$/, '') ?? ''].map((one) =>
    one.replace(/^(\w+)_:/, '$1:').replaceAll(/\b[A-Z]\w*/g, resolve),
  );
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function pascalCase(resource: { readonly name: string } | object | undefined): string {
  const name = resource !== undefined && 'name' in resource ? resource.name : '';
  return camelCase(`-${name}`);
}
