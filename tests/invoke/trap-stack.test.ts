import t from 'tap';
import { describeTrapStack } from '../../host/invoke/trap-stack.ts';

/** Frames as V8 writes them. */
function stackOf(...names: readonly string[]): string {
  const frames = names.map((name, at) => {
    const place = `wasm://wasm/0a1b2c3d:wasm-function[${at}]:0x${(16 + at).toString(16)}`;
    return name === '' ? `    at ${place}` : `    at ${name} (${place})`;
  });
  return ['RuntimeError: unreachable', ...frames, '    at call (file:///host.ts:1:2)'].join('\n');
}

t.test('frames are those of the guest, with the names that its author knows', (t) => {
  const cases: readonly (readonly [stack: string, shown: string | undefined])[] = [
    [stackOf('', 'main.main'), '  at function 0 (0x10)\n  at main.main (0x11)'],
    [
      stackOf('app.wasm._RNvC3app6handle', 'app.wasm.cabi_realloc'),
      '  at app::handle (0x10)\n  at cabi_realloc (0x11)',
    ],
    [
      stackOf('app.wasm.run', 'libc.wasm.malloc'),
      '  at app.wasm.run (0x10)\n  at libc.wasm.malloc (0x11)',
    ],
    [stackOf('foo(int, char)'), '  at foo(int, char) (0x10)'],
    [
      stackOf(
        'app.wasm.abort',
        'app.wasm._RNvC7___rustc17rust_begin_unwind',
        'app.wasm._RNvNtC4core9panicking9panic_fmt',
        'app.wasm._ZN4core6option13expect_failed17h0123456789abcdefE',
        'app.wasm._RNvC3app7explode',
        'app.wasm._RNvC3app6handle',
      ),
      '  (4 frames of the panic itself)\n  at app::explode (0x14)\n  at app::handle (0x15)',
    ],
    [stackOf('rust_begin_unwind'), '  at rust_begin_unwind (0x10)'],
    ['Error: no guest\n    at f (file:///a.ts:1:2)', undefined],
    ['', undefined],
  ];
  for (const [stack, shown] of cases) t.equal(describeTrapStack(stack), shown);
  t.end();
});
