;; A hostile name in the name sections: of a component, a core module, a function.
(component (@name {{name}})
  (core module $main (@name {{name}})
    (func (@name {{name}}) (export "run") (result i32) i32.const 0))
  (core instance $main (@name {{name}}) (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
