import fc from 'fast-check';
import t from 'tap';
import { decodePunycode } from '../../host/logs/decode-punycode.ts';
import { demangle } from '../../host/logs/demangle.ts';

const HASH = '17h0123456789abcdefE';
const FORGET = '_$LT$app..Handler$u20$as$u20$core..ops..function..FnOnce$GT$';

t.test('names of Rust are as they were written', (t) => {
  const cases: readonly (readonly [mangled: string, name: string])[] = [
    [`_ZN4core9panicking5panic${HASH}`, 'core::panicking::panic'],
    [`__ZN4core9panicking5panic${HASH}`, 'core::panicking::panic'],
    [`hello.wasm._ZN3app6handle${HASH}`, 'hello.wasm.app::handle'],
    [`_ZN3app6handle${HASH}.llvm.123456`, 'app::handle'],
    [
      `_ZN${FORGET.length}${FORGET}9call_once${HASH}`,
      '<app::Handler as core::ops::function::FnOnce>::call_once',
    ],
    [`_ZN3app28_$u7b$$u7b$closure$u7d$$u7d$${HASH}`, 'app::{{closure}}'],
    // From the specification, and from rustc itself.
    ['_RNvCskwGfYPst2Cb_3foo16example_function', 'foo::example_function'],
    ['_RNvMs_Cs4Cv8Wi1oAIB_7mycrateNtB4_7Example3foo', '<mycrate::Example>::foo'],
    [
      '_RNvXCs15kBYyAo9fc_7mycrateNtB2_7ExampleNtB2_5Trait3foo',
      '<mycrate::Example as mycrate::Trait>::foo',
    ],
    ['_RNCNvCsgStHSCytQ6I_7mycrate4mains_0B3_', 'mycrate::main::{closure#1}'],
    ['_RNvCskwGfYPst2Cb_7mycrateu8gdel_5qa', 'mycrate::gödel'],
    ['_RINvCs1234_7mycrate3fooINtB2_3BarmEE', 'mycrate::foo::<mycrate::Bar<u32>>'],
    ['_RNvYNtCs1234_7mycrate4RandNtC5trait1A1m', '<mycrate::Rand as trait::A>::m'],
    ['_RINvC1a1bDNtC3std5TraitEL_E', 'a::b::<dyn std::Trait>'],
    ['_RINvC1a1bDINtC3std5TraituEp3OutmEL_E', 'a::b::<dyn std::Trait<(), Out = u32>>'],
    ['_RINvC1a1bKhff_E', 'a::b::<255>'],
    ['_RINvC1a1bKln1f_Kb1_Kc41_E', "a::b::<-31, true, 'A'>"],
    ['_RINvC1a1bFG_RL0_eEuE', "a::b::<for<'a> fn(&'a str)>"],
    [
      '_RINvC1a1bTmETmhESmAmj3_QePhE',
      'a::b::<(u32,), (u32, u8), [u32], [u32; 3], &mut str, *const u8>',
    ],
    ['_RINvC1a1bFUKCmEhE', 'a::b::<unsafe extern "C" fn(u32) -> u8>'],
    ['_RNvC1a3fooC1c', 'a::foo'],
  ];
  for (const [mangled, name] of cases) t.equal(demangle(mangled), name, mangled);
  t.end();
});

t.test('plain names of C++ are readable, all others stay', (t) => {
  const cases: readonly (readonly [mangled: string, name: string])[] = [
    ['_ZN3foo3BarC1Ev', 'foo::Bar::Bar'],
    ['_ZNSt6vectorD2Ev', 'std::vector::~vector'],
    ['_Z6handlei', 'handle'],
    ['_ZSt9terminatev', 'std::terminate'],
    ['_ZNK3app6Widget4drawEv', 'app::Widget::draw'],
    ['_ZN12_GLOBAL__N_13fooEv', '(anonymous namespace)::foo'],
  ];
  for (const [mangled, name] of cases) t.equal(demangle(mangled), name, mangled);
  for (const name of [
    'main.main',
    'net/http.(*ServeMux).ServeHTTP',
    'foo(int, char)',
    '_start',
    '_Reality',
    '_ZNxx',
    '_ZN3fooIiE3barEv',
    `_ZN99foo${HASH}`,
    '_ZN4core',
    '_RC0B_',
    '_RNvC1a3fo',
    '_RINvC1a1b',
    '_RB_',
    '_RNvB_1a',
    'cabi_realloc',
    '',
  ]) {
    t.equal(demangle(name), name);
  }
  t.end();
});

t.test('hostile names cost nothing and end', (t) => {
  // Each argument is the one before, twice: the name would double with every one.
  let bomb = 'INvC1a1bTmmE';
  let from = 7;
  for (let at = 0; at < 40; at += 1) {
    const reference = `B${toBase62(from)}`;
    from = bomb.length;
    bomb += `T${reference}${reference}E`;
  }
  t.equal(demangle(`_R${bomb}E`), `_R${bomb}E`.slice(0, 500) + (bomb.length > 497 ? '…' : ''));
  const deep = `_RINvC1a1b${'S'.repeat(3000)}mE`;
  t.equal(demangle(deep).length, 501, 'too deep: it stays, cut');
  t.equal(demangle('x'.repeat(100_000)).length, 501);
  fc.assert(
    fc.property(fc.stringMatching(/^_(R[A-Z]|ZN?)[\w$.]{0,60}$/), (name) => {
      if (demangle(name).length > 501) throw new Error('it is too long');
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('decodePunycode() is that of RFC 3492', (t) => {
  t.equal(decodePunycode('gdel_5qa'), 'gödel');
  t.equal(decodePunycode('ihqwcrb4cv8a8dqg056pqjye'), '他们为什么不说中文');
  t.equal(decodePunycode('3B_ww4c5e180e575a65lsy2b'), '3年B組金八先生');
  for (const bad of ['a_!', '99999999', 'a_b']) t.equal(decodePunycode(bad), undefined, bad);
  t.end();
});

function toBase62(index: number): string {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  let [text, rest] = ['', index - 1];
  do {
    text = `${digits[rest % 62]}${text}`;
    rest = Math.floor(rest / 62);
  } while (rest > 0);
  return `${text}_`;
}
