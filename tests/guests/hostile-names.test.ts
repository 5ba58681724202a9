import { createContext, runInContext } from 'node:vm';
import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import t from 'tap';
import {
  HOSTILE_NAMES,
  NAME_PLACES,
  SPECIAL_NAMES,
  namedComponent,
  namedModule,
} from './hostile-names.ts';

/** Ways in which careless generators paste a name. */
const PASTES: readonly ((name: string) => string)[] = [
  (name) => `use('${name}')`,
  (name) => `use(it['${name}'])`,
  (name) => `use("${name}")`,
  (name) => `use(it["${name}"])`,
  (name) => `use('${name.replaceAll("'", String.raw`\'`)}')`,
  (name) => `use(\`${name}\`)`,
  (name) => `// ${name}`,
  (name) => `/* ${name} */`,
];

/** Whether pasting the name in one of the ways runs what is in it. */
function runsWhenPasted(name: string): boolean {
  return PASTES.some((paste) => {
    const world: { __pwned?: boolean; process: { exitCode?: number } } = { process: {} };
    const context = createContext(Object.assign(world, { it: {}, use: () => undefined }));
    try {
      runInContext(paste(name), context);
    } catch {
      // Most names make no sense in most places; one that fits is enough.
    }
    return world.__pwned === true || world.process.exitCode === 86;
  });
}

const HARMLESS_ALONE = new Set(['a backslash at the end', 'no characters']);

t.test('every hostile name runs where it is pasted carelessly', (t) => {
  for (const [title, name] of Object.entries(HOSTILE_NAMES)) {
    t.equal(runsWhenPasted(name), !HARMLESS_ALONE.has(title), title);
  }
  t.end();
});

t.test('guests hold hostile names byte for byte, in every place, and are valid', async (t) => {
  for (const place of NAME_PLACES) {
    for (const [title, name] of Object.entries(HOSTILE_NAMES)) {
      const bytes = Buffer.from(await namedComponent(place, name));
      t.ok(bytes.includes(name), `${place}: ${title}`);
      t.match(await componentWit(bytes), 'export wasi:cli/run@0.2.12');
    }
    for (const name of SPECIAL_NAMES) {
      t.match(await componentWit(await namedComponent(place, name)), 'export wasi:cli/run@0.2.12');
    }
  }
});

t.test('core modules export hostile names beside what a command exports', async (t) => {
  for (const name of [...Object.values(HOSTILE_NAMES), ...SPECIAL_NAMES]) {
    const module = new WebAssembly.Module(Uint8Array.from(await namedModule(name)));
    const exported = WebAssembly.Module.exports(module).map((each) => each.name);
    t.same(exported, ['memory', name, '_start']);
  }
});
