(component
  {{wasi:io/error@0.2.12}}
  {{wasi:io/poll@0.2.12}}
  {{wasi:io/streams@0.2.12}}
  {{wasi:clocks/monotonic-clock@0.2.12}}
  {{wasi:http/types@0.2.12}}
  (core func $now (canon lower (func $wasi:clocks/monotonic-clock@0.2.12 "now")))
  (core module $d
    (import "h" "now" (func $now (result i64)))
    (func (export "dtor") (param i32) (loop $l (drop (call $now)) (br $l))))
  (core instance $d (instantiate $d (with "h" (instance (export "now" (func $now))))))
  (type $r (resource (rep i32) (dtor (core func $d "dtor"))))
  (core func $new (canon resource.new $r))
  (core func $drop (canon resource.drop $r))
  (core module $main
    (import "h" "new" (func $new (param i32) (result i32)))
    (import "h" "drop" (func $drop (param i32)))
    (func (export "handle") (param i32 i32) (call $drop (call $new (i32.const 1)))))
  (core instance $main (instantiate $main
    (with "h" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (func $handle
    (param "request" (own $incoming-request@0.2.12))
    (param "response-out" (own $response-outparam@0.2.12))
    (canon lift (core func $main "handle")))
  (instance $exported (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.12" (instance $exported)))
