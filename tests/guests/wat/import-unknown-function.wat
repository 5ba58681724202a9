;; A command that imports an interface every host has, and from it a function nobody has.
(component
  (import "wasi:cli/environment@0.2.12" (instance $environment
    (export "get-secrets" (func (result u32)))))
  (core func $secrets (canon lower (func $environment "get-secrets")))
  (core module $main
    (import "h" "secrets" (func $secrets (result i32)))
    (func (export "run") (result i32)
      (drop (call $secrets))
      i32.const 0))
  (core instance $main (instantiate $main (with "h" (instance (export "secrets" (func $secrets))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
