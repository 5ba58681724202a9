/**
 * Function types → a component in WAT that hands the host whatever a test puts into its memory: for each
 * type it exports `takeN`, which calls the host's function with core values as given, and `giveN`, which
 * returns core values as given. So a test decides over every bit that is lifted.
 *
 * The test's bytes lie from address `IMAGE_START` on, behind them the core values, and there is nothing else
 * but zeros: the allocator hands out one page, upwards, until it is told to answer with one address only.
 */
import type { CanonOptions, FunctionType } from '../../host/component/plan.ts';
import { API, HOST, VERSION, canonOptions, coreText, echoParts } from './echo-component.ts';
import { coreSignature, type CoreType } from './reference-layout.ts';
import { RESOURCE, TypeText } from './type-text.ts';
import { GUEST_HANDLES } from './value-arbitrary.ts';

/** Address of the image. */
export const IMAGE_START = 16;

/** Bytes of the memory. */
export const MEMORY_SIZE = 65_536;

/** As the address of the allocator: let it work. */
export const HONEST = 0xffff_ffff;

const LIBC = `(core module $libc-module
    (memory (export "memory") 1 1)
    (global $top (mut i32) (i32.const ${IMAGE_START}))
    (global $liar (export "liar") (mut i32) (i32.const ${HONEST | 0}))
    (func (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32)
      (result i32) (local $at i32)
      (if (i32.ne (global.get $liar) (i32.const ${HONEST | 0})) (then (return (global.get $liar))))
      (local.set $at (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $top) (i32.const ${MEMORY_SIZE})) (then unreachable))
      (local.get $at)))
  (core instance $libc (instantiate $libc-module))`;

/** The parameters of every export: the image, and core values as bits; the last is the address for the allocator. */
const INPUT = '(param "image" (list u8)) (param "core" (list u64))';

/** Makes the text. */
export function rawComponent(
  functions: readonly FunctionType[],
  encoding: CanonOptions['encoding'],
): string {
  const { importText, innerText } = rawParts(functions, encoding);
  return `(component ${importText} ${innerText})`;
}

/**
 * Makes the text of a composition in which a raw component calls an echo component, which calls the host.
 *
 * @param behind Encoding of the echo.
 */
export function composedRawComponent(
  functions: readonly FunctionType[],
  encoding: CanonOptions['encoding'],
  behind: CanonOptions['encoding'],
): string {
  const { importText, innerText, types } = rawParts(functions, encoding);
  const echo = echoParts(functions, behind, true);
  const numbers = functions.map((_, index) => index);
  const names = numbers.flatMap((index) => [`take${index}`, `give${index}`]);
  return `(component
  ${importText}
  ${types.aliases('host')}
  (component $near ${importText} ${innerText})
  (component $far ${echo.importText} ${echo.innerText} ${echo.apiText(echo.typeExports)})
  (instance $far-instance (instantiate $far (with "${HOST}@${VERSION}" (instance $host))))
  (alias export $far-instance "${API}@${VERSION}" (instance $far-api))
  ${numbers.map((index) => `(alias export $far-api "f${index}" (func $f${index}))`).join(' ')}
  (alias export $host "get-thing" (func $get-thing))
  (alias export $host "caught" (func $caught))
  (instance $mixed ${types.exports}
    (export "get-thing" (func $get-thing)) (export "caught" (func $caught))
    ${numbers.map((index) => `(export "f${index}" (func $f${index}))`).join(' ')})
  (instance $near-instance (instantiate $near (with "${HOST}@${VERSION}" (instance $mixed))))
  (alias export $near-instance "${API}@${VERSION}" (instance $near-api))
  ${names.map((name) => `(alias export $near-api "${name}" (func $${name}))`).join(' ')}
  (instance $api ${names.map((name) => `(export "${name}" (func $${name}))`).join(' ')})
  (export "${API}@${VERSION}" (instance $api)))`;
}

/** Pieces of a raw component. */
interface RawParts {
  readonly importText: string;
  readonly innerText: string;
  readonly types: TypeText;
}

function rawParts(
  functions: readonly FunctionType[],
  encoding: CanonOptions['encoding'],
): RawParts {
  const types = new TypeText();
  types.declareResource();
  const signatures = functions.map((type) => types.signature(type));
  const results = functions.map(({ result }) => types.signature({ parameters: [], result }));
  const options = canonOptions(encoding);
  const each = (text: (index: number, type: FunctionType) => string): string =>
    functions.map((type, index) => text(index, type)).join('\n  ');
  const importText = `(import "${HOST}@${VERSION}" (instance $host
    ${types.declarations}
    (export "get-thing" (func (result (own $${RESOURCE}))))
    (export "caught" (func))
    ${each((index) => `(export "f${index}" (func ${signatures[index] ?? ''}))`)}))`;
  const innerText = `${types.aliases('host')}
  ${LIBC}
  (core func $get-thing (canon lower (func $host "get-thing")))
  (core func $caught (canon lower (func $host "caught")))
  ${each((index) => `(core func $lowered-${index} (canon lower (func $host "f${index}") ${options}))`)}
  (core module $main-module
    (import "host" "get-thing" (func $get-thing (result i32)))
    (import "host" "caught" (func $caught))
    ${each((index, type) => `(import "host" "f${index}" (func $host-${index} ${coreText(type, 'lower')}))`)}
    (import "libc" "memory" (memory 1))
    (import "libc" "liar" (global $liar (mut i32)))
    ${each(takeFunction)}
    ${each(giveFunction)})
  (core instance $main (instantiate $main-module
    (with "host" (instance
      (export "get-thing" (func $get-thing))
      (export "caught" (func $caught))
      ${each((index) => `(export "f${index}" (func $lowered-${index}))`)}))
    (with "libc" (instance $libc))))
  ${each(
    (
      index,
    ) => `(func $take-${index} ${INPUT} (canon lift (core func $main "take${index}") ${options}))
  (func $give-${index} ${INPUT} ${results[index] ?? ''} (canon lift (core func $main "give${index}") ${options}))`,
  )}
  (instance $api ${each(
    (index) =>
      `(export "take${index}" (func $take-${index})) (export "give${index}" (func $give-${index}))`,
  )})
  (export "${API}@${VERSION}" (instance $api))`;
  return { importText, innerText, types };
}

const PARAMETERS = '(param $image i32) (param $bytes i32) (param $core i32) (param $count i32)';

/** Gets its handles, and tells the allocator to lie if it shall. */
const BEGIN = `${'(drop (call $get-thing)) '.repeat(GUEST_HANDLES)}
      (global.set $liar (i32.load (i32.add (local.get $core)
        (i32.mul (i32.const 8) (i32.sub (local.get $count) (i32.const 1))))))`;

function takeFunction(index: number, type: FunctionType): string {
  const { parameters, result } = coreSignature(type, 'lower');
  const call = `(call $host-${index} ${parameters.map(coreValue).join(' ')})`;
  return `(func (export "take${index}") ${PARAMETERS}
      ${BEGIN}
      (block $catch
        (try_table (catch_all $catch) ${result === undefined ? call : `(drop ${call})`})
        (return))
      (call $caught))`;
}

function giveFunction(index: number, type: FunctionType): string {
  const { result } = coreSignature({ parameters: [], result: type.result }, 'lift');
  return `(func (export "give${index}") ${PARAMETERS} ${result === undefined ? '' : `(result ${result})`}
      ${BEGIN}
      ${result === undefined ? '' : coreValue(result, 0)})`;
}

function coreValue(type: CoreType, index: number): string {
  const bits = `(i64.load offset=${index * 8} (local.get $core))`;
  switch (type) {
    case 'i32':
      return `(i32.wrap_i64 ${bits})`;
    case 'f32':
      return `(f32.reinterpret_i32 (i32.wrap_i64 ${bits}))`;
    case 'f64':
      return `(f64.reinterpret_i64 ${bits})`;
    case 'i64':
      return bits;
  }
}
