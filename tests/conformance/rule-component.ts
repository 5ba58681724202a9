/** A component in WAT whose functions are what a test fills in: for rules about when code may do what. */
import { API, HOST, VERSION } from './echo-component.ts';

/**
 * Core code, as WAT. It can call `$note` (i32), `$wait` (gives an i32), and, in `call`, `$text` (where the
 * string goes) and `$drop-thing` (handle).
 */
export interface RuleBodies {
  /** Of the exported function; `$thing` is a handle it borrowed. Leaves an i32. */
  readonly call: string;
  /** Before the allocator answers with 1024. */
  readonly realloc?: string;
  readonly postReturn?: string;
  /** When the core module starts. */
  readonly start?: string;
}

/** Makes the text. */
export function ruleComponent({ call, realloc, postReturn, start }: RuleBodies): string {
  return `(component
  (import "${HOST}@${VERSION}" (instance $host
    (export "thing" (type $thing (sub resource)))
    (export "note" (func (param "n" u32)))
    (export "wait" (func (result u32)))
    (export "text" (func (result string)))))
  (alias export $host "thing" (type $thing))
  (core func $note (canon lower (func $host "note")))
  (core func $wait (canon lower (func $host "wait")))
  (core func $drop-thing (canon resource.drop $thing))
  (core module $libc-module
    (import "host" "note" (func $note (param i32)))
    (import "host" "wait" (func $wait (result i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${realloc ?? ''} (i32.const 1024)))
  (core instance $libc (instantiate $libc-module
    (with "host" (instance (export "note" (func $note)) (export "wait" (func $wait))))))
  (core func $text (canon lower (func $host "text")
    (memory (core memory $libc "memory")) (realloc (core func $libc "cabi_realloc"))))
  (core module $main-module
    (import "host" "note" (func $note (param i32)))
    (import "host" "wait" (func $wait (result i32)))
    (import "host" "text" (func $text (param i32)))
    (import "host" "drop-thing" (func $drop-thing (param i32)))
    (func $started ${start ?? ''})
    (start $started)
    (func (export "call") (param $thing i32) (result i32) ${call})
    (func (export "post") (param i32) ${postReturn ?? ''}))
  (core instance $main (instantiate $main-module (with "host" (instance
    (export "note" (func $note)) (export "wait" (func $wait))
    (export "text" (func $text)) (export "drop-thing" (func $drop-thing))))))
  (func $call (param "thing" (borrow $thing)) (result u32)
    (canon lift (core func $main "call") (post-return (core func $main "post"))))
  (instance $api (export "call" (func $call)))
  (export "${API}@${VERSION}" (instance $api)))`;
}
