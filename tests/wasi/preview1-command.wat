;; A WASI preview1 command that uses what the adapter turns into streams, files, clocks, polling and exit.
;; Exits with 0 if all went well. The adapter makes 1 of every other code.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread"
    (func $fd_pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir"
    (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get"
    (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "a.txt")
  (data (i32.const 120) "../secret")
  ;; A subscription to the monotonic clock, 5 ms from now.
  (data (i32.const 216) "\01")
  (data (i32.const 224) "\40\4b\4c\00")

  ;; Ends with the step's number if an answer is not the expected one.
  (func $expect (param $step i32) (param $answer i32) (param $expected i32)
    (if (i32.ne (local.get $answer) (local.get $expected))
      (then (call $proc_exit (local.get $step)))))

  ;; Writes bytes from 1024 on to stdout.
  (func $print (param $length i32)
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (local.get $length))
    (call $expect (i32.const 1)
      (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)) (i32.const 0)))

  (func $copy_to_stdout (param $fd i32)
    (loop $more
      (i32.store (i32.const 0) (i32.const 1024))
      (i32.store (i32.const 4) (i32.const 4096))
      (call $expect (i32.const 2)
        (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 16)) (i32.const 0))
      (if (i32.load (i32.const 16))
        (then (call $print (i32.load (i32.const 16))) (br $more)))))

  (func (export "_start")
    (call $copy_to_stdout (i32.const 0))
    (call $expect (i32.const 3)
      (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 5) (i32.const 0)
        (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 24))
      (i32.const 0))
    (call $copy_to_stdout (i32.load (i32.const 24)))
    ;; Two bytes of the file from offset 1.
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.const 2))
    (call $expect (i32.const 4)
      (call $fd_pread (i32.load (i32.const 24)) (i32.const 0) (i32.const 1) (i64.const 1)
        (i32.const 16))
      (i32.const 0))
    (call $print (i32.load (i32.const 16)))
    ;; 63 is EPERM, 69 is EROFS.
    (call $expect (i32.const 5)
      (call $path_filestat_get (i32.const 3) (i32.const 0) (i32.const 120) (i32.const 9)
        (i32.const 512))
      (i32.const 63))
    (call $expect (i32.const 6)
      (call $path_unlink_file (i32.const 3) (i32.const 100) (i32.const 5)) (i32.const 69))
    (call $expect (i32.const 7)
      (call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 4096) (i64.const 0)
        (i32.const 16))
      (i32.const 0))
    (call $expect (i32.const 8) (call $random_get (i32.const 1024) (i32.const 64)) (i32.const 0))
    (call $expect (i32.const 9)
      (call $poll_oneoff (i32.const 200) (i32.const 600) (i32.const 1) (i32.const 16)) (i32.const 0))
    (call $expect (i32.const 10) (i32.load (i32.const 16)) (i32.const 1))
    (call $proc_exit (i32.const 0)))
)
