/**
 * The modules of one test of the specification, and what calling them gives, as text: in one world they run as they
 * are, in another rewritten, and both are told to do the same.
 */
import { rewriteCoreModule } from '../../../host/wasm/rewrite-core-module.ts';
import { buildNumericCall, bytesOf, needsNumericCall, readResults } from './numeric-call.ts';
import { RewrittenHost, type Epoch } from './rewritten-host.ts';
import type { SpecAction, SpecValue } from './spec-command.ts';

type Exports = Readonly<Record<string, WebAssembly.ExportValue>>;

/** A module that can be instantiated. */
export type Prepared = (given: WebAssembly.Imports) => Exports;

/** How a world treats modules. */
export type Prepare = (bytes: Uint8Array<ArrayBuffer>) => Prepared;

/** As V8 takes them. */
export const prepareUntouched: Prepare = (bytes) => {
  const module = new WebAssembly.Module(bytes);
  return (given) => new WebAssembly.Instance(module, given).exports;
};

/** As the host runs them. */
export function prepareRewritten(host: RewrittenHost): Prepare {
  return (bytes) => {
    const { bytes: rewritten, contract } = rewriteCoreModule(bytes);
    const module = new WebAssembly.Module(Uint8Array.from(rewritten));
    return (given) => host.instantiate(module, contract, given).exports;
  };
}

/** Instances by name, and what they import. */
export class SpecWorld {
  readonly #prepare: Prepare;
  readonly #definitions = new Map<string | null, Prepared | undefined>();
  readonly #instances = new Map<string | null, Exports | undefined>();
  readonly #registered: Record<string, Exports> = Object.create(null) as Record<string, Exports>;

  constructor(prepare: Prepare) {
    this.#prepare = prepare;
    this.#registered['spectest'] = createSpectest();
  }

  /** Keeps a module; `null` is the latest one, and undefined one that cannot be had. */
  define(id: string | null, bytes: Uint8Array<ArrayBuffer> | undefined): void {
    const prepared = bytes === undefined ? undefined : this.#prepare(bytes);
    this.#definitions.set(null, prepared).set(id, prepared);
  }

  /** Instantiates a module that was kept. */
  instantiate(id: string | null, definition: string | null): string {
    this.#instances.set(null, undefined).set(id, undefined);
    const prepared = this.#definitions.get(definition);
    if (prepared === undefined) return 'missing';
    return outcomeOf(() => {
      const exports = prepared(this.#registered);
      this.#instances.set(null, exports).set(id, exports);
      return [];
    });
  }

  /** Whether an instance is there. */
  has(id: string | null): boolean {
    return this.#instances.get(id) !== undefined;
  }

  /** Lets others import from an instance. */
  register(name: string, id: string | null): void {
    const exports = this.#instances.get(id);
    if (exports !== undefined) this.#registered[name] = exports;
  }

  /** Does something. */
  run(action: SpecAction, results: readonly SpecValue[] = []): string {
    if ('wasm' in action) {
      return outcomeOf(() => {
        this.#prepare(Uint8Array.from(Buffer.from(action.wasm, 'hex')))(this.#registered);
        return [];
      });
    }
    const exports = this.#instances.get(action.id);
    if (exports === undefined) return 'missing';
    if ('get' in action) return outcomeOf(() => [valueOf(exports[action.get])]);
    const called = exports[action.invoke];
    if (typeof called !== 'function') return 'missing';
    const { args } = action;
    if (!needsNumericCall(args, results)) {
      return outcomeOf(() => listOf(called(...args.map(argumentOf))));
    }
    return outcomeOf(() => {
      const module = new WebAssembly.Module(buildNumericCall(args, results));
      const { run, m } = new WebAssembly.Instance(module, { f: { f: called } }).exports;
      if (typeof run === 'function') run();
      return m instanceof WebAssembly.Memory ? readResults(m, results) : [];
    });
  }

  /** Every byte of the memories that instances export. */
  memories(): readonly (readonly [name: string, bytes: Buffer])[] {
    const found: [string, Buffer][] = [];
    for (const [id, exports] of this.#instances) {
      for (const [name, value] of Object.entries(exports ?? {})) {
        if (value instanceof WebAssembly.Memory)
          found.push([`${id} ${name}`, Buffer.from(value.buffer)]);
      }
    }
    return found;
  }
}

/** Opens two worlds that should not differ. */
export function openWorlds(epoch: Epoch): {
  readonly untouched: SpecWorld;
  readonly rewritten: SpecWorld;
  readonly host: RewrittenHost;
} {
  const host = new RewrittenHost(epoch);
  const rewritten = new SpecWorld(prepareRewritten(host));
  return { untouched: new SpecWorld(prepareUntouched), rewritten, host };
}

/** What a test expects, as `run` writes it; undefined if it leaves it open. */
export function expectedOutcome(
  args: readonly SpecValue[],
  results: readonly SpecValue[],
): string | undefined {
  const isNumeric = needsNumericCall(args, results);
  const texts = results.map((result) => {
    const [type, value] = result;
    if (type === 'ref' || type === 'unknown') return undefined;
    if (isNumeric) return bytesOf(result);
    if (type === 'null') return 'null';
    return type === 'extern' ? `extern ${value}` : value;
  });
  return texts.includes(undefined) ? undefined : `ok ${texts.join(' ')}`;
}

function outcomeOf(task: () => readonly unknown[]): string {
  try {
    return `ok ${task().map(textOf).join(' ')}`;
  } catch (error) {
    if (!(error instanceof Error)) return `thrown ${String(error)}`;
    // Messages of V8 about modules name indices and the calling function, which the rewriting may change.
    const isAboutModule = /^(?:Compile|Link|Type)Error$/.test(error.name);
    return `error ${error.name}${isAboutModule ? '' : `: ${error.message}`}`;
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'function') return 'function';
  if (typeof value === 'object' && value !== null && 'host' in value)
    return `extern ${String(value.host)}`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function listOf(result: unknown): readonly unknown[] {
  if (result === undefined) return [];
  return Array.isArray(result) ? result : [result];
}

function valueOf(global: WebAssembly.ExportValue | undefined): unknown {
  return global instanceof WebAssembly.Global ? global.value : 'no global';
}

const objects = new Map<string, object>();

function argumentOf([type, value]: SpecValue): unknown {
  if (type === 'i32') return Number(value);
  if (type === 'i64') return BigInt(value);
  if (type === 'null') return null;
  if (type === 'extern') {
    const object = objects.get(value) ?? { host: value };
    objects.set(value, object);
    return object;
  }
  const bytes = Buffer.from(bytesOf([type, value]) ?? '', 'hex');
  if (type === 'f32') return bytes.readFloatLE();
  return type === 'f64' ? bytes.readDoubleLE() : undefined;
}

/** The module that tests of the specification may import. */
function createSpectest(): Exports {
  const print = (): void => undefined;
  const names = ['print', 'print_i32', 'print_i64', 'print_f32', 'print_f64'];
  const functions = [...names, 'print_i32_f32', 'print_f64_f64'].map((name) => [name, print]);
  return {
    ...(Object.fromEntries(functions) as Record<string, () => void>),
    global_i32: new WebAssembly.Global({ value: 'i32' }, 666),
    global_i64: new WebAssembly.Global({ value: 'i64' }, 666n),
    global_f32: new WebAssembly.Global({ value: 'f32' }, 666.6),
    global_f64: new WebAssembly.Global({ value: 'f64' }, 666.6),
    table: new WebAssembly.Table({ initial: 10, maximum: 20, element: 'anyfunc' }),
    table64: new WebAssembly.Table({
      address: 'i64',
      initial: 10n,
      maximum: 20n,
      element: 'anyfunc',
    } as never),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  };
}
