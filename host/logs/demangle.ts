/**
 * The name of a function as a linker knows it → as its author wrote it: `_ZN4core9panicking5panic17h…E` and
 * `_RNvNtCs…4core9panicking5panic` → `core::panicking::panic`. Rust's linker arguments leave names mangled in the name
 * section; those of C and C++ are mostly readable there, and Go's are as they are.
 *
 * Follows rustc's "legacy" mangling here, its v0 in `demangle-rust.ts`, and of the Itanium C++ ABI what names need that
 * are no templates. Names come from hostile modules: whatever is not understood, or becomes too long, stays as it is.
 */
import { demangleRust } from './demangle-rust.ts';

/** Longest name that is looked at, and longest that is shown. */
const MOST_CHARACTERS = 4096;
const MOST_SHOWN = 500;

/** Makes a name of a stack frame readable: `hello.wasm._ZN…E` → `hello.wasm.app::handle`. */
export function demangle(name: string): string {
  if (name.length > MOST_CHARACTERS) return cut(name);
  const [, before = '', mangled = ''] = /^(.*?\.)?_?(_(?:R[A-Z]|Z)[\w$.]*)$/s.exec(name) ?? [];
  // The module's name stands before it, and Apple's underscore.
  const readable = mangled === '' ? undefined : demangleSymbol(mangled);
  return cut(readable === undefined ? name : before + readable);
}

function demangleSymbol(text: string): string | undefined {
  if (text.startsWith('_R')) return demangleRust(text);
  const elements = readElements(text);
  if (elements === undefined) return undefined;
  const last = elements.at(-1) ?? '';
  const isRust = elements.length > 1 && /^h[0-9a-f]{16}$/.test(last);
  return isRust ? elements.slice(0, -1).map(unescapeRust).join('::') : elements.join('::');
}

const ESCAPES: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};

/** What stood between identifiers of Rust is written with dollars and dots: `$LT$impl$u20$Trait$GT$`, `core..fmt`. */
function unescapeRust(element: string): string {
  return element
    .replace(/^_\$/, '$')
    .replaceAll(/\$([A-Z]{1,2}|u[0-9a-f]{1,6})\$/g, (all, code: string) => {
      const point = code.startsWith('u') ? Number.parseInt(code.slice(1), 16) : 0;
      if (point >= 0x20 && point <= 0x10_ff_ff) return String.fromCodePoint(point);
      return ESCAPES[code] ?? all;
    })
    .replaceAll('..', '::');
}

const STANDARD: Readonly<Record<string, string>> = {
  St: 'std',
  Sa: 'std::allocator',
  Sb: 'std::basic_string',
  Ss: 'std::string',
  Si: 'std::istream',
  So: 'std::ostream',
  Sd: 'std::iostream',
};

/** The parts of `_ZN3foo3barE…` or `_Z3foo…`; parameters are left out. Undefined for what is neither. */
function readElements(text: string): readonly string[] | undefined {
  const [, nested = ''] = /^_Z(N[VKrRO]*)?/.exec(text) ?? [];
  const isNested = nested !== '';
  const elements: string[] = [];
  for (let rest = text.slice(2 + nested.length); rest !== '';) {
    if (isNested && rest.startsWith('E')) return elements.length > 0 ? elements : undefined;
    const [taken, element] = readElement(rest, elements.at(-1)) ?? [];
    if (taken === undefined || element === undefined) return undefined;
    elements.push(element);
    rest = rest.slice(taken);
    // `_ZSt4move…` is a name of two parts without N.
    if (!isNested && element !== 'std') return elements;
  }
  // A nested name that does not end is none.
  return undefined;
}

/** One part at the start of a text, and how many characters it takes. */
function readElement(
  text: string,
  before: string | undefined,
): readonly [taken: number, element: string] | undefined {
  const [digits] = /^[1-9]\d{0,3}/.exec(text) ?? [];
  if (digits !== undefined) {
    const end = digits.length + Number(digits);
    if (end > text.length) return undefined;
    const name = text.slice(digits.length, end);
    return [end, name.startsWith('_GLOBAL__N') ? '(anonymous namespace)' : name];
  }
  const code = text.slice(0, 2);
  const standard = STANDARD[code];
  if (standard !== undefined) return [2, standard];
  if (before === undefined) return undefined;
  // Constructors and destructors are named after their class.
  if (/^C[1-5]$/.test(code)) return [2, before];
  return /^D[0-5]$/.test(code) ? [2, `~${before}`] : undefined;
}

function cut(name: string): string {
  return name.length > MOST_SHOWN ? `${name.slice(0, MOST_SHOWN)}…` : name;
}
