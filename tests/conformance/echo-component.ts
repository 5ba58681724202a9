/**
 * Function types → a component in WAT that exports a function of each type and passes every call on to a
 * host function of the same type: its parameters are lowered into the guest and lifted out again, and so
 * is the result on its way back. The core code forwards core values and pointers as they are.
 *
 * After each call a post-return function checks that it gets the core result, and frees everything.
 */
import type { CanonOptions, FunctionType } from '../../host/component/plan.ts';
import { alignmentOf, coreSignature, sizeOf } from './reference-layout.ts';
import { TypeText } from './type-text.ts';

/** Import and export of the component. */
export const HOST = 'test:conformance/host';
export const API = 'test:conformance/api';
export const VERSION = '1.0.0';

/** Memory and allocator: a core module that grows as it must. `$libc` is its instance. */
export const LIBC = `(core module $libc-module
    (memory (export "memory") 1)
    (global $top (export "top") (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32)
      (result i32) (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
        (then (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1)
            (i32.shr_u (i32.sub (global.get $top) (i32.mul (memory.size) (i32.const 65536))) (i32.const 16)))))
          (then unreachable))))
      (local.get $at)))
  (core instance $libc (instantiate $libc-module))`;

/** The options of `canon lift` and `canon lower`. */
export function canonOptions(encoding: CanonOptions['encoding']): string {
  return (
    '(memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc")) ' +
    `string-encoding=${encoding}`
  );
}

/**
 * Makes the text. Function number N is `fN` on both sides.
 *
 * @param encoding Of all strings.
 */
export function echoComponent(
  functions: readonly FunctionType[],
  encoding: CanonOptions['encoding'],
): string {
  const { importText, innerText, apiText } = echoParts(functions, encoding);
  return `(component
  ${importText}
  ${innerText}
  ${apiText('')})`;
}

/**
 * Makes the text of a component that is composed of two echoes: what the one imports is the other, so values
 * go from component to component.
 *
 * @param encodings Of the one that is called from outside, and of the one that calls the host.
 */
export function composedComponent(
  functions: readonly FunctionType[],
  [near, far]: readonly [CanonOptions['encoding'], CanonOptions['encoding']],
): string {
  const component = (name: string, encoding: CanonOptions['encoding']): string => {
    const { importText, innerText, apiText, typeExports } = echoParts(functions, encoding);
    return `(component $${name} ${importText} ${innerText} ${apiText(typeExports)})`;
  };
  const names = functions.map((_, index) => `f${index}`);
  return `(component
  ${echoParts(functions, near).importText}
  ${component('near', near)}
  ${component('far', far)}
  (instance $far-instance (instantiate $far (with "${HOST}@${VERSION}" (instance $host))))
  (alias export $far-instance "${API}@${VERSION}" (instance $far-api))
  (instance $near-instance (instantiate $near (with "${HOST}@${VERSION}" (instance $far-api))))
  (alias export $near-instance "${API}@${VERSION}" (instance $near-api))
  ${names.map((name) => `(alias export $near-api "${name}" (func $${name}))`).join('\n  ')}
  (instance $api ${names.map((name) => `(export "${name}" (func $${name}))`).join(' ')})
  (export "${API}@${VERSION}" (instance $api)))`;
}

/** Pieces of an echo component. */
export interface EchoParts {
  /** The import `$host`. */
  readonly importText: string;
  readonly innerText: string;
  /** @param types Exports of types that come first. */
  readonly apiText: (types: string) => string;
  readonly typeExports: string;
}

/** Makes the pieces. @param usesHandles Whether the host's resource is imported. */
export function echoParts(
  functions: readonly FunctionType[],
  encoding: CanonOptions['encoding'],
  usesHandles = JSON.stringify(functions).includes('"resource"'),
): EchoParts {
  const types = new TypeText();
  if (usesHandles) types.declareResource();
  const signatures = functions.map((type) => types.signature(type));
  const options = canonOptions(encoding);
  const each = (text: (type: FunctionType, index: number, signature: string) => string): string =>
    functions.map((type, index) => text(type, index, signatures[index] ?? '')).join('\n  ');
  const importText = `(import "${HOST}@${VERSION}" (instance $host
    ${types.declarations}
    ${each((_, index, signature) => `(export "f${index}" (func ${signature}))`)}))`;
  const innerText = `${types.aliases('host')}
  ${LIBC}
  ${each((_, index) => `(core func $lowered-${index} (canon lower (func $host "f${index}") ${options}))`)}
  (core module $main-module
    ${each((type, index) => `(import "host" "f${index}" (func $host-${index} ${coreText(type, 'lower')}))`)}
    (import "libc" "memory" (memory 1))
    (import "libc" "top" (global $top (mut i32)))
    (import "libc" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (global $last (mut i32) (i32.const 0))
    ${each(coreFunctions)})
  (core instance $main (instantiate $main-module
    (with "host" (instance ${each((_, index) => `(export "f${index}" (func $lowered-${index}))`)}))
    (with "libc" (instance $libc))))
  ${each(
    (
      _,
      index,
      signature,
    ) => `(func $f${index} ${signature} (canon lift (core func $main "f${index}")
    ${options} (post-return (core func $main "post-${index}"))))`,
  )}`;
  const apiText = (exported: string): string =>
    `(instance $api ${exported} ${each((_, index) => `(export "f${index}" (func $f${index}))`)})
  (export "${API}@${VERSION}" (instance $api))`;
  return { importText, innerText, apiText, typeExports: types.exports };
}

/** One exported core function and its post-return function. */
function coreFunctions(type: FunctionType, index: number): string {
  const { parameters, result, resultInMemory } = coreSignature(type, 'lift');
  const values = parameters.map((_, position) => `(local.get ${position})`).join(' ');
  const call = `(call $host-${index} ${values}`;
  const post = result === undefined ? '' : ` (param $result ${result})`;
  const free = '(global.set $top (i32.const 1024))';
  if (!resultInMemory || type.result === undefined) {
    return `(func (export "f${index}") ${coreText(type, 'lift')} ${call}))
    (func (export "post-${index}")${post} ${free})`;
  }
  const room = `(i32.const 0) (i32.const 0) (i32.const ${alignmentOf(type.result)}) (i32.const ${sizeOf(type.result)})`;
  return `(func (export "f${index}") ${coreText(type, 'lift')}
      (global.set $last (call $realloc ${room}))
      ${call} (global.get $last))
      (global.get $last))
    (func (export "post-${index}")${post}
      (if (i32.ne (local.get $result) (global.get $last)) (then unreachable))
      ${free})`;
}

/** A core function's parameters and result. */
export function coreText(type: FunctionType, side: 'lift' | 'lower'): string {
  const { parameters, result } = coreSignature(type, side);
  const texts = parameters.map((core) => `(param ${core})`);
  return [...texts, ...(result === undefined ? [] : [`(result ${result})`])].join(' ');
}
