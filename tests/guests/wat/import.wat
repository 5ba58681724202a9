;; A command that imports the interface {{import}} (a string literal) and calls its function "send".
(component
  (import {{import}} (instance $other (export "send" (func (param "value" u32) (result u32)))))
  (core func $send (canon lower (func $other "send")))
  (core module $main
    (import "h" "send" (func $send (param i32) (result i32)))
    (func (export "run") (result i32)
      (drop (call $send (i32.const 1)))
      i32.const 0))
  (core instance $main (instantiate $main (with "h" (instance (export "send" (func $send))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
