;; A preview1 command that also imports a function nobody has.
(module
  (import "wasi_snapshot_preview1" "fd_wriite" (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))
