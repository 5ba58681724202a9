;; A hostile name as the core export that is lifted.
(component
  (core module $main (func (export {{name}}) (result i32) i32.const 0))
  (core instance $main (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main {{name}})))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
