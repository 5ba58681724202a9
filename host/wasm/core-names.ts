/**
 * Names of core modules, and which of them are safe to appear in generated JavaScript.
 *
 * jco pastes core names unescaped into string literals, template literals and comments. So a name may
 * only hold what ends none of these; every character allowed is one that a toolchain needs:
 * - `_ - .` everywhere: `cabi_realloc`, `GOT.mem`, `libc++abi.so`; `+` there and in semver build data
 * - `: / @ #` interface names of wit-component: `wasi:http/types@0.2.3#handle`; `~` AssemblyScript's `~lib/rt`
 * - `[ ]` wit-component's `[method]fields.get`, `[resource-drop]fields`; `|` its `cm32p2|wasi:io/poll@0.2`
 * - `< > =` `locked-dep=<…>`, AssemblyScript's `Array<i32>#get`; `,` between type arguments there
 * - `$` `$root`, `$imports`, mangled names of Rust and Swift; without braces it starts no substitution
 * - a space in one place: wit-component tells imports of one name and two types apart as `fd_write [v2]`, which Go's
 *   `GOOS=wasip1` has
 *
 * Excluded with reason: quotes, backslash and backtick end or escape literals; braces make `${`; `*`
 * closes a comment; control characters, U+2028 and U+2029 end a line; other non-ASCII looks like what
 * it is not.
 */
import { HostError } from '../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { readImports } from './imports.ts';
import { readSections, SECTION } from './sections.ts';

/** A name and where it stands. */
export interface PlacedName {
  readonly name: string;
  /** What holds it, for people: `the import 3 of core module 0`. */
  readonly where: string;
}

const UNSAFE = /[^A-Za-z0-9_\-.:/@#[\]<>|=+,$~]/u;
/** wit-component's mark of the second and further imports of one name: the only place where a space may stand. */
const TYPE_MARK = / \[v[0-9]{1,9}\]$/;
/** Enough of a name to recognise it. */
const SHOWN_CHARACTERS = 80;

/** Whether a name holds nothing but characters of the safe alphabet. The empty name is safe: wit-component uses it. */
export function isSafeName(name: string): boolean {
  return !UNSAFE.test(withoutTypeMark(name));
}

/**
 * Checks a name before any code is generated from what it belongs to.
 *
 * @throws {unsafe_core_name} If it holds a character outside the safe alphabet; shown escaped.
 */
export function checkSafeName({ name, where }: PlacedName): void {
  const character = UNSAFE.exec(withoutTypeMark(name))?.[0];
  if (character === undefined) return;
  throw new HostError('unsafe_core_name', {
    name: escapeName(name),
    where,
    character: escapeCharacter(character),
  });
}

/**
 * Reads the names of everything a core module imports and exports.
 *
 * @param bytes The module.
 * @param where What the module is called in errors: `core module 0`.
 * @param options `base`: where the module starts in the uploaded file; `maxImports`: most imports accepted.
 * @throws {malformed_wasm} If the sections that hold names are not well-formed.
 * @throws {too_many_imports} If it imports more than allowed.
 */
export function readCoreNames(
  bytes: Uint8Array,
  where: string,
  options: { readonly base: number; readonly maxImports: number },
): PlacedName[] {
  const names: PlacedName[] = [];
  for (const { id, contents, end } of readSections(bytes, options.base)) {
    const reader = new ByteReader(bytes, contents, end, options.base);
    if (id === SECTION.import) {
      for (const [index, one] of readImports(reader, options.maxImports).imports.entries()) {
        names.push({ name: one.module, where: `import ${index} (module name) of ${where}` });
        names.push({ name: one.field, where: `import ${index} of ${where}` });
      }
    } else if (id === SECTION.export) {
      const count = reader.count('exports');
      for (let index = 0; index < count; index += 1) {
        names.push({ name: reader.name(), where: `export ${index} of ${where}` });
        reader.u8();
        reader.u32();
      }
      reader.expectEnd('the export section');
    }
  }
  return names;
}

/** A name with whatever is outside the safe alphabet escaped, cut to a length that can be shown. */
export function escapeName(name: string): string {
  const shown = name
    .slice(0, SHOWN_CHARACTERS)
    .replaceAll(new RegExp(UNSAFE.source, 'gu'), escapeCharacter);
  return name.length > SHOWN_CHARACTERS ? `${shown}…` : shown;
}

function withoutTypeMark(name: string): string {
  return name.replace(TYPE_MARK, '');
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}
