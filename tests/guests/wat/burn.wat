;; A wasi:http function that burns CPU for ever in one place. The functions given define `$burn`, and it is
;; called in a start function, in the handler, after the call returned, or where the host asks for memory.
(component
  {{wasi:io/error@0.2.12}}
  {{wasi:io/streams@0.2.12}}
  {{wasi:random/random@0.2.12}}
  {{wasi:cli/environment@0.2.12}}
  {{wasi:http/types@0.2.12}}

  (core module $memory
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    {{burn}}
    ;; Never frees; all that is asked of it here is small. An alignment is a power of two.
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32)
      (result i32) (local $at i32)
      {{realloc}}
      (local.set $at (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (local.get $at)))
  (core instance $memory (instantiate $memory))

  (core func $random (canon lower (func $wasi:random/random@0.2.12 "get-random-bytes")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $environment (canon lower (func $wasi:cli/environment@0.2.12 "get-environment")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (core module $main
    (import "m" "memory" (memory 1))
    (import "h" "random" (func $random (param i64 i32)))
    (import "h" "environment" (func $environment (param i32)))
    {{burn}}
    {{start}}
    (func (export "handle") (param i32 i32) {{handle}})
    (func (export "post") {{post}}))
  (core instance $main (instantiate $main
    (with "m" (instance $memory))
    (with "h" (instance
      (export "random" (func $random))
      (export "environment" (func $environment))))))

  (func $handle
    (param "request" (own $incoming-request@0.2.12))
    (param "response-out" (own $response-outparam@0.2.12))
    (canon lift (core func $main "handle") (post-return (core func $main "post"))))
  (instance $exported (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.12" (instance $exported)))
