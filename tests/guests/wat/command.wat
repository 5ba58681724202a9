;; A wasi:cli/run command that writes a CGI response.
(component
  {{wasi:io/error@0.2.12}}
  {{wasi:io/streams@0.2.12}}
  {{wasi:cli/stdout@0.2.12}}

  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 0) "Content-Type: text/plain\n\nHello from WAT\n"))
  (core instance $memory (instantiate $memory))
  (core func $stdout (canon lower (func $wasi:cli/stdout@0.2.12 "get-stdout")))
  (core func $write (canon lower
    (func $wasi:io/streams@0.2.12 "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory"))))

  (core module $main
    (import "h" "stdout" (func $stdout (result i32)))
    (import "h" "write" (func $write (param i32 i32 i32 i32)))
    (import "m" "memory" (memory 1))
    ;; Ok if the write was: its result is returned at 64.
    (func (export "run") (result i32)
      (call $write (call $stdout) (i32.const 0) (i32.const 41) (i32.const 64))
      (i32.load8_u (i32.const 64))))
  (core instance $main (instantiate $main
    (with "m" (instance $memory))
    (with "h" (instance (export "stdout" (func $stdout)) (export "write" (func $write))))))

  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
