;; A preview1 command that does {{body}} in its start function.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (memory (export "memory") 1)
  (func $start {{body}})
  (start $start)
  (func (export "_start")))
