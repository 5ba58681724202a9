;; A command that imports two releases of wasi:io, as composed components do: it prints one line through
;; each, and waits a millisecond of the newer clock in between.
(component
  {{wasi:io/error@0.2.0}}
  {{wasi:io/streams@0.2.0}}
  {{wasi:cli/stdout@0.2.0}}
  {{wasi:io/error@0.2.12}}
  {{wasi:io/poll@0.2.12}}
  {{wasi:io/streams@0.2.12}}
  {{wasi:cli/stdout@0.2.12}}
  {{wasi:clocks/monotonic-clock@0.2.12}}

  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 0) "Content-Type: text/plain\n\nold\n")
    (data (i32.const 32) "new\n"))
  (core instance $memory (instantiate $memory))
  (core func $old-stdout (canon lower (func $wasi:cli/stdout@0.2.0 "get-stdout")))
  (core func $old-write (canon lower
    (func $wasi:io/streams@0.2.0 "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory"))))
  (core func $old-drop (canon resource.drop $output-stream@0.2.0))
  (core func $new-stdout (canon lower (func $wasi:cli/stdout@0.2.12 "get-stdout")))
  (core func $new-write (canon lower
    (func $wasi:io/streams@0.2.12 "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory"))))
  (core func $new-drop (canon resource.drop $output-stream@0.2.12))
  (core func $timer (canon lower (func $wasi:clocks/monotonic-clock@0.2.12 "subscribe-duration")))
  (core func $block (canon lower (func $wasi:io/poll@0.2.12 "[method]pollable.block")))
  (core func $drop-timer (canon resource.drop $pollable@0.2.12))

  (core module $main
    (import "old" "stdout" (func $old-stdout (result i32)))
    (import "old" "write" (func $old-write (param i32 i32 i32 i32)))
    (import "old" "drop" (func $old-drop (param i32)))
    (import "new" "stdout" (func $new-stdout (result i32)))
    (import "new" "write" (func $new-write (param i32 i32 i32 i32)))
    (import "new" "drop" (func $new-drop (param i32)))
    (import "new" "timer" (func $timer (param i64) (result i32)))
    (import "new" "block" (func $block (param i32)))
    (import "new" "drop-timer" (func $drop-timer (param i32)))
    (func (export "run") (result i32)
      (local $stream i32) (local $timer i32)
      (local.set $stream (call $old-stdout))
      (call $old-write (local.get $stream) (i32.const 0) (i32.const 30) (i32.const 64))
      (call $old-drop (local.get $stream))
      (local.set $timer (call $timer (i64.const 1000000)))
      (call $block (local.get $timer))
      (call $drop-timer (local.get $timer))
      (local.set $stream (call $new-stdout))
      (call $new-write (local.get $stream) (i32.const 32) (i32.const 4) (i32.const 64))
      (call $new-drop (local.get $stream))
      i32.const 0))
  (core instance $main (instantiate $main
    (with "old" (instance
      (export "stdout" (func $old-stdout))
      (export "write" (func $old-write))
      (export "drop" (func $old-drop))))
    (with "new" (instance
      (export "stdout" (func $new-stdout))
      (export "write" (func $new-write))
      (export "drop" (func $new-drop))
      (export "timer" (func $timer))
      (export "block" (func $block))
      (export "drop-timer" (func $drop-timer))))))

  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.6" (instance $exported)))
