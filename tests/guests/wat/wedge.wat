;; A wasi:http function that writes all of its memory of 2 GiB with one instruction, and sets no response.
(component
  {{wasi:io/error@0.2.12}}
  {{wasi:io/streams@0.2.12}}
  {{wasi:http/types@0.2.12}}

  (core module $main
    (memory 32768)
    (func (export "handle") (param i32 i32)
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x80000000))))
  (core instance $main (instantiate $main))

  (func $handle
    (param "request" (own $incoming-request@0.2.12))
    (param "response-out" (own $response-outparam@0.2.12))
    (canon lift (core func $main "handle")))
  (instance $exported (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.12" (instance $exported)))
