;; A hostile name as import field of a core module, and so as export of the module that fills it.
(component
  (core module $helper (func (export {{name}}) (result i32) i32.const 0))
  (core instance $helper (instantiate $helper))
  (core module $main
    (import "helper" {{name}} (func $ok (result i32)))
    (func (export "run") (result i32) (call $ok)))
  (core instance $main (instantiate $main (with "helper" (instance $helper))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
