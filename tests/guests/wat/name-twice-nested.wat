;; A hostile name in a component inside a component inside the component.
(component
  (component $outer
    (component $inner
      (core module $main (func (export {{name}}) (result i32) i32.const 0))
      (core instance $main (instantiate $main))
      (func $run (result (result)) (canon lift (core func $main {{name}})))
      (export "run" (func $run)))
    (instance $inner (instantiate $inner))
    (alias export $inner "run" (func $run))
    (export "run" (func $run)))
  (instance $outer (instantiate $outer))
  (alias export $outer "run" (func $run))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
