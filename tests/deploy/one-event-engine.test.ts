import t from 'tap';
import { takesOneEvent } from '../../host/deploy/one-event-engine.ts';
import type { PlacedName } from '../../host/wasm/core-names.ts';

const HANDLER = 'wasi:http/incoming-handler@0.2.10';
const HANDLE = `${HANDLER}#handle`;
const ENGINE = ['memory', 'wizer-initialize', 'wizer.resume', 'cabi_realloc', 'check_init'];

/** Names of core modules as a scan lists them. */
function exportsOf(...modules: readonly (readonly string[])[]): PlacedName[] {
  return modules.flatMap((names, module) =>
    names.map((name, index) => ({ name, where: `export ${index} of core module ${module}` })),
  );
}

t.test('an engine that serves fetch events by its own handler takes one in its life', (t) => {
  t.equal(takesOneEvent(exportsOf([...ENGINE, HANDLE], ['0', '1']), HANDLER), true);
  t.end();
});

t.test('nothing else does', (t) => {
  const others: Readonly<Record<string, PlacedName[]>> = {
    'a handler of the program': exportsOf([...ENGINE, HANDLE, `cabi_post_${HANDLE}`]),
    'no engine of JavaScript': exportsOf(['memory', HANDLE]),
    'another program that was started at build time': exportsOf(['wizer.resume', HANDLE]),
    'an engine beside a handler': exportsOf(ENGINE, [HANDLE]),
    'another export that serves': exportsOf([...ENGINE, 'wasi:http/handler@0.3.0#handle']),
    'imports of those names': [...ENGINE, HANDLE].map((name, index) => ({
      name,
      where: `import ${index} of core module 0`,
    })),
    nothing: [],
  };
  for (const [what, names] of Object.entries(others)) {
    t.equal(takesOneEvent(names, HANDLER), false, what);
  }
  t.end();
});
