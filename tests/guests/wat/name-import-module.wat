;; A hostile name as import module of a core module, and so as the name of an instantiate argument.
(component
  (core module $helper (func (export "ok") (result i32) i32.const 0))
  (core instance $helper (instantiate $helper))
  (core module $main
    (import {{name}} "ok" (func $ok (result i32)))
    (func (export "run") (result i32) (call $ok)))
  (core instance $main (instantiate $main (with {{name}} (instance $helper))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
