;; The smallest command: run returns {{result}}, 0 for ok and 1 for an error.
(component
  (core module $main (func (export "run") (result i32) i32.const {{result}}))
  (core instance $main (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
