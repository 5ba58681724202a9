;; Hostile names in every place, in a component inside the component.
(component
  (component $inner
    (core module $helper (func (export {{name}}) (result i32) i32.const 0))
    (core instance $helper (instantiate $helper))
    (core module $main
      (import {{name}} {{name}} (func $ok (result i32)))
      (func (export {{name}}) (result i32) (call $ok)))
    (core instance $main (instantiate $main (with {{name}} (instance $helper))))
    (func $run (result (result)) (canon lift (core func $main {{name}})))
    (export "run" (func $run)))
  (instance $inner (instantiate $inner))
  (alias export $inner "run" (func $run))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
