;; A wasi:http function that draws random letters while it starts, as runtimes seed themselves. It answers with
;; those 16, 16 new ones, and a letter that it counts on with every call: `a` the first time.
(component
  {{wasi:io/error@0.2.12}}
  {{wasi:io/streams@0.2.12}}
  {{wasi:random/random@0.2.12}}
  {{wasi:http/types@0.2.12}}

  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 160) "a")
    ;; Random bytes go there; the text of an error code would, and nobody reads it.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
  (core instance $memory (instantiate $memory))

  (core func $random (canon lower (func $wasi:random/random@0.2.12 "get-random-bytes")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $fields (canon lower (func $wasi:http/types@0.2.12 "[constructor]fields")))
  (core func $response (canon lower (func $wasi:http/types@0.2.12 "[constructor]outgoing-response")))
  (core func $body (canon lower (func $wasi:http/types@0.2.12 "[method]outgoing-response.body")
    (memory (core memory $memory "memory"))))
  (core func $set (canon lower (func $wasi:http/types@0.2.12 "[static]response-outparam.set")
    (memory (core memory $memory "memory"))))
  (core func $stream (canon lower (func $wasi:http/types@0.2.12 "[method]outgoing-body.write")
    (memory (core memory $memory "memory"))))
  (core func $write (canon lower
    (func $wasi:io/streams@0.2.12 "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory"))))
  (core func $drop-stream (canon resource.drop $output-stream@0.2.12))
  (core func $drop-request (canon resource.drop $incoming-request@0.2.12))
  (core func $finish (canon lower (func $wasi:http/types@0.2.12 "[static]outgoing-body.finish")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (core module $main
    (import "m" "memory" (memory 1))
    (import "h" "random" (func $random (param i64 i32)))
    (import "h" "fields" (func $fields (result i32)))
    (import "h" "response" (func $response (param i32) (result i32)))
    (import "h" "body" (func $body (param i32 i32)))
    (import "h" "set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
    (import "h" "stream" (func $stream (param i32 i32)))
    (import "h" "write" (func $write (param i32 i32 i32 i32)))
    (import "h" "drop-stream" (func $drop-stream (param i32)))
    (import "h" "drop-request" (func $drop-request (param i32)))
    (import "h" "finish" (func $finish (param i32 i32 i32 i32)))

    ;; Writes 16 random letters.
    (func $draw (param $at i32) (local $from i32) (local $i i32)
      (call $random (i64.const 16) (i32.const 64))
      (local.set $from (i32.load (i32.const 64)))
      (loop $next
        (i32.store8
          (i32.add (local.get $at) (local.get $i))
          (i32.add (i32.const 97) (i32.and (i32.const 15)
            (i32.load8_u (i32.add (local.get $from) (local.get $i))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 16)))))
    (func $seed (call $draw (i32.const 128)))
    (start $seed)

    ;; Results are returned at 64: 0 for ok, then the handle at 68.
    (func (export "handle") (param $request i32) (param $outparam i32)
      (local $response i32) (local $body i32) (local $stream i32)
      (call $drop-request (local.get $request))
      (call $draw (i32.const 144))
      (local.set $response (call $response (call $fields)))
      (call $body (local.get $response) (i32.const 64))
      (local.set $body (i32.load (i32.const 68)))
      (call $set (local.get $outparam) (i32.const 0) (local.get $response)
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $stream (local.get $body) (i32.const 64))
      (local.set $stream (i32.load (i32.const 68)))
      (call $write (local.get $stream) (i32.const 128) (i32.const 33) (i32.const 64))
      (i32.store8 (i32.const 160) (i32.add (i32.load8_u (i32.const 160)) (i32.const 1)))
      (call $drop-stream (local.get $stream))
      (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 64))))
  (core instance $main (instantiate $main
    (with "m" (instance $memory))
    (with "h" (instance
      (export "random" (func $random))
      (export "fields" (func $fields))
      (export "response" (func $response))
      (export "body" (func $body))
      (export "set" (func $set))
      (export "stream" (func $stream))
      (export "write" (func $write))
      (export "drop-stream" (func $drop-stream))
      (export "drop-request" (func $drop-request))
      (export "finish" (func $finish))))))

  (func $handle
    (param "request" (own $incoming-request@0.2.12))
    (param "response-out" (own $response-outparam@0.2.12))
    (canon lift (core func $main "handle")))
  (instance $exported (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.12" (instance $exported)))
