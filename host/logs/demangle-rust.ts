/**
 * Rust's v0 symbol names → paths as they are written: `_RINvCs1234_7mycrate3fooINtB2_3BarmEE` →
 * `mycrate::foo::<mycrate::Bar<u32>>`. Disambiguators are left out, as in backtraces.
 *
 * Follows https://doc.rust-lang.org/rustc/symbol-mangling/v0.html. Names may refer to what stood before, and so grow
 * without bound: steps, depth and length are bounded here.
 */
import { decodePunycode } from './decode-punycode.ts';

const MOST_STEPS = 5000;
const MOST_DEPTH = 100;
const MOST_OUTPUT = 4096;

const BASIC: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
};

/** @returns Undefined if it is no such name, or one that is too much. */
export function demangleRust(symbol: string): string | undefined {
  const [, body] = /^_R([A-Z]\w*)(?:[.$].*)?$/.exec(symbol) ?? [];
  if (body === undefined) return undefined;
  try {
    return new Demangler(body).run();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** The name is not as the grammar has it, or is too much. */
class Unreadable extends Error {}

class Demangler {
  readonly #text: string;
  #at = 0;
  #output = '';
  #depth = 0;
  #steps = 0;
  /** What is read now is not shown. */
  #silent = 0;
  /** Lifetimes that binders around have introduced. */
  #lifetimes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string {
    this.#path(true);
    // After it may come the crate that made the instance, which is of no interest.
    if (this.#at < this.#text.length) this.#silently(() => this.#path(false));
    if (this.#at < this.#text.length || this.#output === '') throw new Unreadable();
    return this.#output;
  }

  #path(inValue: boolean): void {
    this.#nest(() => {
      const tag = this.#next();
      switch (tag) {
        case 'C':
          this.#disambiguator();
          this.#print(this.#identifier());
          return;
        case 'N':
          this.#nestedPath(inValue);
          return;
        case 'M':
        case 'X':
          this.#silently(() => {
            this.#disambiguator();
            this.#path(false);
          });
          this.#self(tag === 'X');
          return;
        case 'Y':
          this.#self(true);
          return;
        case 'I':
          this.#path(inValue);
          this.#print(inValue ? '::<' : '<');
          this.#list(() => this.#genericArgument());
          this.#print('>');
          return;
        case 'B':
          this.#backReference(() => this.#path(inValue));
          return;
        default:
          throw new Unreadable();
      }
    });
  }

  #nestedPath(inValue: boolean): void {
    const space = this.#next();
    if (!/[A-Za-z]/.test(space)) throw new Unreadable();
    this.#path(inValue);
    const number = this.#disambiguator();
    const name = this.#identifier();
    if (/[a-z]/.test(space)) {
      if (name !== '') this.#print(`::${name}`);
      return;
    }
    const kind = { C: 'closure', S: 'shim' }[space] ?? space;
    this.#print(`::{${kind}${name === '' ? '' : `:${name}`}#${number}}`);
  }

  /** `<Type>` or `<Type as Trait>`. */
  #self(hasTrait: boolean): void {
    this.#print('<');
    this.#type();
    if (hasTrait) {
      this.#print(' as ');
      this.#path(false);
    }
    this.#print('>');
  }

  #genericArgument(): void {
    if (this.#take('L')) this.#print(this.#lifetime());
    else if (this.#take('K')) this.#constant();
    else this.#type();
  }

  #type(): void {
    this.#nest(() => {
      const tag = this.#next();
      const basic = BASIC[tag];
      if (basic !== undefined) this.#print(basic);
      else if (!this.#compoundType(tag)) {
        this.#at -= 1;
        this.#path(false);
      }
    });
  }

  #compoundType(tag: string): boolean {
    switch (tag) {
      case 'R':
      case 'Q':
        this.#print('&');
        this.#optionalLifetime();
        if (tag === 'Q') this.#print('mut ');
        this.#type();
        return true;
      case 'P':
      case 'O':
        this.#print(tag === 'P' ? '*const ' : '*mut ');
        this.#type();
        return true;
      case 'A':
      case 'S':
        this.#print('[');
        this.#type();
        if (tag === 'A') {
          this.#print('; ');
          this.#constant();
        }
        this.#print(']');
        return true;
      case 'T': {
        this.#print('(');
        const count = this.#list(() => this.#type());
        this.#print(count === 1 ? ',)' : ')');
        return true;
      }
      case 'F':
        this.#withBinder(() => this.#functionType());
        return true;
      case 'D':
        this.#print('dyn ');
        this.#withBinder(() => this.#list(() => this.#dynTrait(), ' + '));
        if (!this.#take('L')) throw new Unreadable();
        this.#boundOf(this.#lifetime());
        return true;
      case 'B':
        this.#backReference(() => this.#type());
        return true;
      default:
        return false;
    }
  }

  #functionType(): void {
    if (this.#take('U')) this.#print('unsafe ');
    if (this.#take('K')) {
      const abi = this.#take('C') ? 'C' : this.#identifier().replaceAll('_', '-');
      this.#print(`extern "${abi}" `);
    }
    this.#print('fn(');
    this.#list(() => this.#type());
    this.#print(')');
    // Nothing is said about those that give nothing back.
    if (this.#take('u')) return;
    this.#print(' -> ');
    this.#type();
  }

  #dynTrait(): void {
    const isOpen = this.#traitPath();
    let separator = isOpen ? ', ' : '<';
    while (this.#take('p')) {
      this.#print(`${separator}${this.#identifier()} = `);
      this.#type();
      separator = ', ';
    }
    if (separator === ', ') this.#print('>');
  }

  /** @returns Whether its list of arguments is open yet, so that bindings can follow. */
  #traitPath(): boolean {
    if (this.#take('B')) {
      let isOpen = false;
      this.#backReference(() => {
        isOpen = this.#traitPath();
      });
      return isOpen;
    }
    if (!this.#take('I')) {
      this.#path(false);
      return false;
    }
    this.#path(false);
    this.#print('<');
    this.#list(() => this.#genericArgument());
    return true;
  }

  #constant(): void {
    this.#nest(() => {
      const tag = this.#next();
      if (tag === 'p') return this.#print('_');
      if (tag === 'B') return this.#backReference(() => this.#constant());
      if (!/[abchijlmnostxy]/.test(tag)) throw new Unreadable();
      const isNegative = /[ailnsx]/.test(tag) && this.#take('n');
      const value = this.#hex();
      if (tag === 'b') return this.#print(value === 0n ? 'false' : 'true');
      if (tag === 'c') return this.#print(showCharacter(value));
      return this.#print(`${isNegative ? '-' : ''}${value}`);
    });
  }

  #hex(): bigint {
    const [all, digits] =
      /^([0-9a-f]{0,32})_/.exec(this.#text.slice(this.#at, this.#at + 33)) ?? [];
    if (all === undefined) throw new Unreadable();
    this.#at += all.length;
    return BigInt(`0x${digits === undefined || digits === '' ? '0' : digits}`);
  }

  #optionalLifetime(): void {
    if (!this.#take('L')) return;
    const name = this.#lifetime();
    if (name !== "'_") this.#print(`${name} `);
  }

  #boundOf(lifetime: string): void {
    if (lifetime !== "'_") this.#print(` + ${lifetime}`);
  }

  #lifetime(): string {
    const index = this.#base62();
    if (index === 0) return "'_";
    const depth = this.#lifetimes - index;
    if (depth < 0) throw new Unreadable();
    return depth < 26 ? `'${String.fromCodePoint(97 + depth)}` : `'_${depth}`;
  }

  #withBinder(read: () => void): void {
    const count = this.#take('G') ? this.#base62() + 1 : 0;
    if (count > MOST_DEPTH) throw new Unreadable();
    const before = this.#lifetimes;
    if (count > 0) {
      const names = Array.from({ length: count }, () => {
        this.#lifetimes += 1;
        const depth = this.#lifetimes - 1;
        return depth < 26 ? `'${String.fromCodePoint(97 + depth)}` : `'_${depth}`;
      });
      this.#print(`for<${names.join(', ')}> `);
    }
    read();
    this.#lifetimes = before;
  }

  /** Reads again what stood at an earlier place. */
  #backReference(read: () => void): void {
    const from = this.#at - 1;
    const to = this.#base62();
    if (to >= from) throw new Unreadable();
    if (this.#silent > 0) return;
    const after = this.#at;
    this.#at = to;
    this.#nest(read);
    this.#at = after;
  }

  #list(read: () => void, separator = ', '): number {
    let count = 0;
    for (; !this.#take('E'); count += 1) {
      if (count > 0) this.#print(separator);
      read();
    }
    return count;
  }

  #identifier(): string {
    const isPunycode = this.#take('u');
    const [digits] = /^(?:0|[1-9]\d{0,4})/.exec(this.#text.slice(this.#at, this.#at + 5)) ?? [];
    if (digits === undefined) throw new Unreadable();
    this.#at += digits.length;
    // It stands between the length and a name that begins with a digit or another one.
    this.#take('_');
    const name = this.#text.slice(this.#at, this.#at + Number(digits));
    if (name.length < Number(digits)) throw new Unreadable();
    this.#at += name.length;
    if (!isPunycode) return name;
    const decoded = decodePunycode(name);
    if (decoded === undefined) throw new Unreadable();
    return decoded;
  }

  #disambiguator(): number {
    return this.#take('s') ? this.#base62() + 1 : 0;
  }

  /** `_` is 0, `0_` is 1. */
  #base62(): number {
    const [all, digits = ''] =
      /^([0-9A-Za-z]{0,12})_/.exec(this.#text.slice(this.#at, this.#at + 13)) ?? [];
    if (all === undefined) throw new Unreadable();
    this.#at += all.length;
    if (digits === '') return 0;
    const values = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
    return digits.split('').reduce((sum, digit) => sum * 62 + values.indexOf(digit), 0) + 1;
  }

  #next(): string {
    const character = this.#text[this.#at];
    if (character === undefined) throw new Unreadable();
    this.#at += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #print(text: string): void {
    if (this.#silent > 0) return;
    this.#output += text;
    if (this.#output.length > MOST_OUTPUT) throw new Unreadable();
  }

  #silently(read: () => void): void {
    this.#silent += 1;
    read();
    this.#silent -= 1;
  }

  #nest(read: () => void): void {
    this.#depth += 1;
    this.#steps += 1;
    if (this.#depth > MOST_DEPTH || this.#steps > MOST_STEPS) throw new Unreadable();
    read();
    this.#depth -= 1;
  }
}

function showCharacter(value: bigint): string {
  if (value > 0x10_ff_ffn || (value >= 0xd8_00n && value <= 0xdf_ffn)) throw new Unreadable();
  const character = String.fromCodePoint(Number(value));
  return /\p{C}/u.test(character) ? `'\\u{${value.toString(16)}}'` : `'${character}'`;
}
