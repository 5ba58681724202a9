;; A command whose core module does {{body}} in its start function: (loop $l (br $l)), (unreachable).
(component
  (core module $main
    (func $start {{body}})
    (start $start)
    (func (export "run") (result i32) i32.const 0))
  (core instance $main (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
