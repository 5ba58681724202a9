;; A command whose core module asks the host for random bytes in its start function and keeps them in memory.
(component
  (import "wasi:random/random@0.2.12" (instance $random
    (export "get-random-u64" (func (result u64)))))
  (core func $seed (canon lower (func $random "get-random-u64")))
  (core module $main
    (import "random" "seed" (func $seed (result i64)))
    (memory (export "memory") 1)
    (func $start (i64.store (i32.const 2048) (call $seed)))
    (start $start)
    (func (export "run") (result i32)
      (i64.store (i32.const 2048) (i64.const -1))
      (i64.store (i32.const 1024) (i64.const -1))
      i32.const 0))
  (core instance $host (export "seed" (func $seed)))
  (core instance $main (instantiate $main (with "random" (instance $host))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $exported)))
