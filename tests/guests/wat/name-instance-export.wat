;; A hostile name as export of a core instance put together from a lowered host function.
(component
  {{wasi:io/poll@0.2.12}}
  {{wasi:clocks/monotonic-clock@0.2.12}}
  (core func $now (canon lower (func $wasi:clocks/monotonic-clock@0.2.12 "now")))
  (core module $main
    (import "h" {{name}} (func $now (result i64)))
    (func (export "run") (result i32)
      (drop (call $now))
      i32.const 0))
  (core instance $main (instantiate $main (with "h" (instance (export {{name}} (func $now))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
