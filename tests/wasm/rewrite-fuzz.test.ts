/** What V8 accepts must be refused with a code or still be accepted after the rewriting; whatever else arrives must get a code. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { HostError } from '../../host/base/errors.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';

const MODULE = `(module
  (type $answer (func (result i32)))
  (import "env" "f" (func $f (param i32)))
  (import "env" "m" (memory $imported 1))
  (table 4 4 funcref (ref.func $one))
  (memory $own 1 9)
  (tag $e (param i32))
  (global $g (mut i32) (i32.const 5))
  (export "two" (func $two))
  (elem (i32.const 0) $one $two)
  (elem declare func $two)
  (func $one (type $answer) (memory.grow $own (i32.const 1)))
  (func $two (type $answer) (local $x i64) (local $v v128)
    (block $b (loop $l (br_if $l (i32.const 0)) (br_table $b $l (i32.const 1))))
    (local.set $v (i8x16.add (v128.load offset=16 (i32.const 0)) (v128.const i32x4 1 2 3 4)))
    (memory.copy $own $imported (i32.const 0) (i32.const 0) (i32.const 1))
    (call $f (memory.grow $imported (i32.const 2)))
    (block $c (result i32) (try_table (catch $e $c) (throw $e (call $one))) (unreachable))
    (drop)
    (call_indirect (type $answer) (i32.add (global.get $g) (i32.const -5))))
  (data (i32.const 3) "data") (data "passive"))`;

t.test(
  'mutated modules are refused with a code, or validate after the rewriting whenever they did before',
  async (t) => {
    const source = await parse(MODULE);
    t.ok(WebAssembly.validate(source));
    t.ok(WebAssembly.validate(rewriteCoreModule(source).bytes));
    const counts = { refused: 0, valid: 0, invalid: 0 };
    for (let at = 8; at < source.length; at += 1) {
      for (const value of [0x00, 0x01, 0x02, 0x0b, 0x10, 0x40, 0x7f, 0x80, 0xfc, 0xff]) {
        const bytes = Uint8Array.from(source);
        bytes[at] = value;
        const validBefore = WebAssembly.validate(bytes);
        try {
          const validAfter = WebAssembly.validate(rewriteCoreModule(bytes).bytes);
          if (validBefore !== validAfter)
            t.fail(`byte ${at} = ${value}: ${validBefore}, ${validAfter}`);
          counts[validAfter ? 'valid' : 'invalid'] += 1;
        } catch (error) {
          counts.refused += 1;
          if (!(error instanceof HostError)) t.fail(`byte ${at} = ${value}: ${String(error)}`);
          else if (validBefore && error.code === 'malformed_wasm') {
            t.fail(`byte ${at} = ${value}: V8 takes it, ${error.message}`);
          }
        }
      }
    }
    t.ok(
      counts.valid > 300 && counts.refused > 300 && counts.invalid > 100,
      JSON.stringify(counts),
    );
  },
);
