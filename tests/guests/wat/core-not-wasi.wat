;; A core module that has nothing to do with WASI.
(module
  (import "env" "mystery" (func $mystery (param i32) (result i32)))
  (func (export "answer") (result i32) (call $mystery (i32.const 42))))
