;; A preview1 command with a hostile export besides.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (memory (export "memory") 1)
  (func (export {{name}}))
  (func (export "_start")))
