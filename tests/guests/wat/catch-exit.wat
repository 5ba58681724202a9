;; A command that calls exit again and again and catches whatever comes of it.
(component
  {{wasi:cli/exit@0.2.12}}
  (core func $exit (canon lower (func $wasi:cli/exit@0.2.12 "exit")))
  (core module $main
    (import "h" "exit" (func $exit (param i32)))
    (func (export "run") (result i32)
      (loop $again
        {{try}} (call $exit (i32.const 1)) {{catch}}
        (br $again))
      i32.const 0))
  (core instance $main (instantiate $main (with "h" (instance (export "exit" (func $exit))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
