;; A wasi:http function that never ends and catches whatever can be caught: {{call}} is what it does
;; with the host (a name of $main's functions), {{try}} and {{catch}} stand around it. Only a clock
;; and pollables are imported besides the types: the rest of the world does not matter here.
(component
  {{wasi:io/error@0.2.12}}
  {{wasi:io/poll@0.2.12}}
  {{wasi:io/streams@0.2.12}}
  {{wasi:clocks/monotonic-clock@0.2.12}}
  {{wasi:http/types@0.2.12}}

  (core func $now (canon lower (func $wasi:clocks/monotonic-clock@0.2.12 "now")))
  (core func $timer (canon lower (func $wasi:clocks/monotonic-clock@0.2.12 "subscribe-duration")))
  (core func $block (canon lower (func $wasi:io/poll@0.2.12 "[method]pollable.block")))
  (core func $drop-timer (canon resource.drop $pollable@0.2.12))

  (core module $main
    (import "h" "now" (func $now (result i64)))
    (import "h" "timer" (func $timer (param i64) (result i32)))
    (import "h" "block" (func $block (param i32)))
    (import "h" "drop-timer" (func $drop-timer (param i32)))

    ;; Calls the host without a pause.
    (func $spin (drop (call $now)))
    ;; Sleeps for an hour.
    (func $sleep
      (local $timer i32)
      (local.set $timer (call $timer (i64.const 3600000000000)))
      (call $block (local.get $timer))
      (call $drop-timer (local.get $timer)))
    ;; Breaks a rule: drops a handle that there never was.
    (func $cheat (call $drop-timer (i32.const 12345)))

    (func (export "handle") (param i32 i32)
      (loop $again
        {{try}} (call {{call}}) {{catch}}
        (br $again))))
  (core instance $main (instantiate $main
    (with "h" (instance
      (export "now" (func $now))
      (export "timer" (func $timer))
      (export "block" (func $block))
      (export "drop-timer" (func $drop-timer))))))

  (func $handle
    (param "request" (own $incoming-request@0.2.12))
    (param "response-out" (own $response-outparam@0.2.12))
    (canon lift (core func $main "handle")))
  (instance $exported (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.12" (instance $exported)))
