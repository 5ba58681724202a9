/**
 * Emits the detour of host functions that may block: a small core module between the guest and the host. It calls the
 * function as one that cannot suspend, and only if that has no answer yet the one that waits for it.
 *
 * V8 suspends a guest at every call of a `WebAssembly.Suspending`, also of one that has its answer at once: a promise, a
 * copy of the stack's state and a microtask for each write of a body. Most such calls need not wait.
 *
 * The module imports `t.0`, `t.1` … (the functions; 1: there is no answer yet) and `w.w` (waits), and exports
 * `0`, `1` …, which the guest imports. Binary format: https://webassembly.github.io/spec/core/binary/
 */
import type { CoreType } from './layout.ts';

/** A function that takes the detour. */
export interface Detour {
  /** Number of its trampoline. */
  readonly index: number;
  /** Core parameters; it has no core result. */
  readonly parameters: readonly CoreType[];
}

const TYPES: Readonly<Record<CoreType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };

/** Detours that wait for the next instance of the same component; more would seldom find one. */
const MAX_AT_REST = 8;

/**
 * Source of what a script does once: `take(z)` gives a detour, a new one or that of an instance that is gone. An instance of
 * the module costs a quarter of a small component's instantiation, so it goes from one to the next and
 * calls what its owner put into it. Empty if nothing takes the detour.
 */
export function emitDetourModule(detours: readonly Detour[]): string {
  if (detours.length === 0) return '';
  const bytes = encodeModule(detours);
  const functions = detours.map(({ parameters }, number) => {
    const names = parameters.map((_, local) => `a${local}`).join(',');
    return `${number}:(${names})=>l.f${number}(${names})`;
  });
  const slots = detours.map((_, number) => `f${number}:undefined`).join(',');
  return [
    `const D=new WebAssembly.Module(new Uint8Array([${bytes.join(',')}])),P=[];\n`,
    `function take(z){const r=P.pop();if(r!==undefined){r.z=z;return r}const l={z,d:undefined,${slots}};`,
    `l.d=new WebAssembly.Instance(D,{t:{${functions.join(',')}},w:{w:new WebAssembly.Suspending(()=>l.z.takeWait())}}).exports;return l}\n`,
    `function give(l){l.z=${detours.map((_, number) => `l.f${number}=`).join('')}undefined;if(P.length<${MAX_AT_REST})P.push(l)}\n`,
  ].join('');
}

/** Source for each instance: `const d=…`, with what guests import in it by number. */
export function emitDetourInstance(detours: readonly Detour[]): string {
  if (detours.length === 0) return '';
  const functions = detours.map(({ index }, number) => `l.f${number}=t${index};`).join('');
  return `const l=take(z),{d}=l;${functions}z.onRest(()=>give(l));\n`;
}

/** `\0asm`, version 1. */
const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Type 0 is that of waiting; the function `n` has types `2n + 1` (with the host) and `2n + 2` (with the guest). */
function encodeModule(detours: readonly Detour[]): number[] {
  const count = detours.length;
  const types = detours.flatMap(({ parameters }) => {
    const values = vector(parameters.map((type) => [TYPES[type]]));
    return [
      [0x60, ...values, 1, TYPES.i32],
      [0x60, ...values, 0],
    ];
  });
  const imports = detours.map((_, number) => [
    ...name('t'),
    ...name(String(number)),
    0,
    ...unsigned(2 * number + 1),
  ]);
  return [
    ...MAGIC,
    ...section(1, vector([[0x60, 0, 0], ...types])),
    ...section(2, vector([...imports, [...name('w'), ...name('w'), 0, 0]])),
    ...section(3, vector(detours.map((_, number) => unsigned(2 * number + 2)))),
    ...section(
      7,
      vector(
        detours.map((_, number) => [...name(String(number)), 0, ...unsigned(count + 1 + number)]),
      ),
    ),
    ...section(10, vector(detours.map((detour, number) => encodeBody(detour, number, count)))),
  ];
}

/** Calls the host; if that has no answer, waits. */
function encodeBody({ parameters }: Detour, number: number, wait: number): number[] {
  const code = [
    // No locals.
    0,
    // local.get each
    ...parameters.flatMap((_, local) => [0x20, ...unsigned(local)]),
    // call, if, call, end, end
    0x10,
    ...unsigned(number),
    0x04,
    0x40,
    0x10,
    ...unsigned(wait),
    0x0b,
    0x0b,
  ];
  return [...unsigned(code.length), ...code];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): number[] {
  return [...unsigned(text.length), ...new TextEncoder().encode(text)];
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
