/**
 * A component in WAT that defines a resource, imports another, and does with their handles what it is told,
 * right or wrong, as random walks of `resource-walk.ts` tell it.
 *
 * `call(step, number, lent, given)` does one step; which ones there are says `STEPS`. It gives a number and
 * perhaps a counter. Representations are the numbers that counters were made with.
 */
import { API, HOST, VERSION } from './echo-component.ts';

/** What the guest can be told, by its number; `number` is a handle where the name says so. */
export const STEPS = [
  /** Makes a counter of `number` and gives it to the host. */
  'make',
  /** Tells which counter it was lent. */
  'look',
  /** Drops the counter it was given. */
  'take',
  /** Keeps the counter it was given; tells its handle. */
  'keep',
  /** Gives back what it was given. */
  'return',
  /** Makes a counter and drops it. */
  'make-and-drop',
  'rep-of-handle',
  'drop-handle',
  'give-handle',
  /** Gets a thing of the host; tells its handle. */
  'get-thing',
  'drop-thing-handle',
  /** Lends the thing to the host. */
  'show-thing-handle',
  /** Gives the thing to the host. */
  'send-thing-handle',
  /** Lends the thing and gives it away in the same call. */
  'lend-and-send-thing-handle',
] as const;

export type Step = (typeof STEPS)[number];

const CALL = `(param "step" u32) (param "number" u32)
    (param "lent" (option (borrow $counter))) (param "given" (option (own $counter)))
    (result (tuple u32 (option (own $counter))))`;

/** What each step does with its parameters; it leaves a number on the stack. */
const BODIES: Readonly<Record<Step, string>> = {
  make: '(call $give (call $new (local.get $number))) (i32.const 0)',
  look: '(local.get $lent)',
  take: '(call $rep (local.get $given)) (call $drop (local.get $given))',
  keep: '(local.get $given)',
  return: '(call $give (local.get $given)) (i32.const 0)',
  'make-and-drop': '(call $drop (call $new (local.get $number))) (i32.const 0)',
  'rep-of-handle': '(call $rep (local.get $number))',
  'drop-handle': '(call $drop (local.get $number)) (i32.const 0)',
  'give-handle': '(call $give (local.get $number)) (i32.const 0)',
  'get-thing': '(call $get-thing)',
  'drop-thing-handle': '(call $drop-thing (local.get $number)) (i32.const 0)',
  'show-thing-handle': '(call $show-thing (local.get $number))',
  'send-thing-handle': '(call $send-thing (local.get $number)) (i32.const 0)',
  'lend-and-send-thing-handle':
    '(call $lend-and-send (local.get $number) (local.get $number)) (i32.const 0)',
};

/** Makes the text. */
export function resourceComponent(): string {
  const steps = STEPS.map(
    (step, index) =>
      `(if (i32.eq (local.get $step) (i32.const ${index})) (then (i32.store (i32.const 16) ${wrap(BODIES[step])})))`,
  );
  return `(component
  (import "${HOST}@${VERSION}" (instance $host
    (export "thing" (type $thing (sub resource)))
    (export "destroyed" (func (param "number" u32)))
    (export "get-thing" (func (result (own $thing))))
    (export "show-thing" (func (param "thing" (borrow $thing)) (result u32)))
    (export "send-thing" (func (param "thing" (own $thing))))
    (export "lend-and-send" (func (param "lent" (borrow $thing)) (param "sent" (own $thing))))))
  (alias export $host "thing" (type $thing))
  (core func $destroyed (canon lower (func $host "destroyed")))
  (core func $get-thing (canon lower (func $host "get-thing")))
  (core func $show-thing (canon lower (func $host "show-thing")))
  (core func $send-thing (canon lower (func $host "send-thing")))
  (core func $lend-and-send (canon lower (func $host "lend-and-send")))
  (core func $drop-thing (canon resource.drop $thing))
  (core module $destructor-module
    (import "host" "destroyed" (func $destroyed (param i32)))
    (func (export "destroy") (param i32) (call $destroyed (local.get 0))))
  (core instance $destructor (instantiate $destructor-module
    (with "host" (instance (export "destroyed" (func $destroyed))))))
  (type $counter (resource (rep i32) (dtor (core func $destructor "destroy"))))
  (core func $new (canon resource.new $counter))
  (core func $rep (canon resource.rep $counter))
  (core func $drop (canon resource.drop $counter))
  (core module $main-module
    (import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "rep" (func $rep (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (import "host" "get-thing" (func $get-thing (result i32)))
    (import "host" "drop-thing" (func $drop-thing (param i32)))
    (import "host" "show-thing" (func $show-thing (param i32) (result i32)))
    (import "host" "send-thing" (func $send-thing (param i32)))
    (import "host" "lend-and-send" (func $lend-and-send (param i32 i32)))
    (memory (export "memory") 1)
    (func $give (param i32)
      (i32.store (i32.const 20) (i32.const 1))
      (i32.store (i32.const 24) (local.get 0)))
    (func (export "call") (param $step i32) (param $number i32)
      (param i32) (param $lent i32) (param i32) (param $given i32) (result i32)
      (i32.store (i32.const 20) (i32.const 0))
      ${steps.join('\n      ')}
      (i32.const 16)))
  (core instance $main (instantiate $main-module (with "host" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))
    (export "get-thing" (func $get-thing)) (export "drop-thing" (func $drop-thing))
    (export "show-thing" (func $show-thing)) (export "send-thing" (func $send-thing))
    (export "lend-and-send" (func $lend-and-send))))))
  (func $call ${CALL} (canon lift (core func $main "call") (memory (core memory $main "memory"))))
  (component $api-component
    (import "import-type-counter" (type $counter (sub resource)))
    (import "import-func-call" (func $call ${CALL}))
    (export $counter-out "counter" (type $counter))
    (export "call" (func $call) (func ${CALL.replaceAll('$counter', '$counter-out')})))
  (instance $api (instantiate $api-component
    (with "import-type-counter" (type $counter))
    (with "import-func-call" (func $call))))
  (export "${API}@${VERSION}" (instance $api)))`;
}

function wrap(body: string): string {
  return `(block (result i32) ${body})`;
}
