;; A command that imports a bare function instead of an interface.
(component
  (import "send" (func $send-it))
  (core func $send (canon lower (func $send-it)))
  (core module $main
    (import "h" "send" (func $send))
    (func (export "run") (result i32)
      (call $send)
      i32.const 0))
  (core instance $main (instantiate $main (with "h" (instance (export "send" (func $send))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
