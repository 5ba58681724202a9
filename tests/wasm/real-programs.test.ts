/** Core modules of real components, from C and Rust toolchains, against a host that answers zero: the same calls, results and memory before and after. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { planComponent } from '../../host/component/plan-component.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { run, type Call } from './host-side.ts';

const folder = new URL('../../components/', import.meta.url);
/** A program that asks and asks is stopped. */
const MOST_CALLS = 2000;

interface Trace {
  readonly calls: unknown[];
  readonly imports: WebAssembly.Imports;
}

class Stopped extends Error {}

function trace(module: WebAssembly.Module): Trace {
  const calls: unknown[] = [];
  const imports: Record<string, Record<string, never>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const fields = (imports[from] ??= {}) as Record<string, unknown>;
    if (kind === 'function') {
      fields[name] = (...parameters: unknown[]): number => {
        calls.push([from, name, ...parameters]);
        if (calls.length > MOST_CALLS) throw new Stopped();
        return 0;
      };
    } else if (kind === 'memory') fields[name] = new WebAssembly.Memory({ initial: 17 });
    else if (kind === 'table') {
      fields[name] = new WebAssembly.Table({ initial: 200, element: 'anyfunc' });
    } else fields[name] = new WebAssembly.Global({ value: 'i32', mutable: true }, 70_000);
  }
  return { calls, imports };
}

/** Calls every function with zeros, and then everything once more. */
function exercise(
  exports: Readonly<Record<string, Call>>,
  names: readonly string[],
  calls: unknown[],
): unknown[] {
  return [...names, ...names].map((name) => {
    const exported = exports[name];
    if (typeof exported !== 'function') return name;
    calls.push(name);
    try {
      return [name, exported(...Array.from({ length: exported.length }, () => 0))];
    } catch (error) {
      return [name, error instanceof Error ? `${error.name}: ${error.message}` : 'thrown'];
    }
  });
}

/** A component's core modules, or the module itself. */
function coresOf(bytes: Uint8Array<ArrayBuffer>): readonly Uint8Array<ArrayBuffer>[] {
  // Bytes 6 and 7 say the layer: 1 for components.
  if (bytes[6] === 0) return [bytes];
  const planned = planComponent(bytes);
  if ('unsupported' in planned) throw new Error(planned.unsupported);
  return planned.plan.modules.map(({ offset, bytes: length }) =>
    bytes.subarray(offset, offset + length),
  );
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.wasm'))) {
  t.test(`${file} does the same after the rewriting`, (t) => {
    for (const original of coresOf(readFileSync(new URL(file, folder)))) {
      const module = new WebAssembly.Module(original);
      const before = trace(module);
      const names = WebAssembly.Module.exports(module).map(({ name }) => name);
      const first = new WebAssembly.Instance(module, before.imports);
      const expected = exercise(first.exports as Record<string, Call>, names, before.calls);
      const after = trace(module);
      const rewritten = run(rewriteCoreModule(original), { given: after.imports });
      t.same(exercise(rewritten.exports, names, after.calls), expected);
      t.same(after.calls, before.calls);
      t.ok(before.calls.length > names.length, `${before.calls.length} calls`);
      const [memory] = rewritten.memories;
      const own = first.exports['memory'];
      if (!(own instanceof WebAssembly.Memory) || memory === undefined) continue;
      t.equal(
        Buffer.compare(new Uint8Array(own.buffer), new Uint8Array(memory.buffer)),
        0,
        'memory is the same',
      );
    }
    t.end();
  });
}
