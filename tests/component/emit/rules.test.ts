import t from 'tap';
import type { ValueType } from '../../../host/component/plan.ts';
import { MAX_HANDLES } from '../../../host/component/abi/component-state.ts';
import { WitError } from '../../../host/component/host-interface.ts';
import { brokenRule, callingGuest, func, reasonOf, type GuestParts } from './calling-guest.ts';
import { globalOf } from './test-component.ts';

const string: ValueType = { kind: 'string' };
const u32: ValueType = { kind: 'u32' };
const list = (element: ValueType): ValueType => ({ kind: 'list', element });
const own: ValueType = { kind: 'own', resource: 0 };
const borrow: ValueType = { kind: 'borrow', resource: 0 };
const imported = [{ kind: 'imported', interface: 't:t/i', name: 'r' }] as const;

/** A guest that passes two i32 for one parameter. */
const pair = (
  type: ValueType,
  first: number,
  second: number,
  more: Partial<GuestParts> = {},
): GuestParts => ({
  type: func([type]),
  coreType: '(param i32 i32)',
  body: `(call $f (i32.const ${first}) (i32.const ${second}))`,
  call: () => undefined,
  ...more,
});
/** A guest that passes one core value. */
const single = (type: ValueType, core: string, value: string): GuestParts => ({
  type: func([type]),
  coreType: `(param ${core})`,
  body: `(call $f (${core}.const ${value}))`,
  call: () => undefined,
});
const bytes = (text: string): string => `(data (i32.const 64) "${text}")`;

t.test('what a guest passes is checked, and no catch_all holds the ending', async (t) => {
  const rules: readonly (readonly [what: string, parts: GuestParts, rule: RegExp])[] = [
    ['a string beyond memory', pair(string, 262_140, 5), /range of 5 bytes at 262140/],
    ['a string at the end of the address space', pair(string, -1, 1), /range/],
    ['a length of 4 GiB', pair(string, 0, -1), /64|67108864/],
    ['bytes that are no UTF-8', pair(string, 64, 3, { more: bytes('a\\ff\\fe') }), /UTF-8/],
    [
      'long bytes that are no UTF-8',
      pair(string, 64, 40, { more: bytes(`${'a'.repeat(39)}\\c3`) }),
      /UTF-8/,
    ],
    ['an encoded surrogate', pair(string, 64, 3, { more: bytes('\\ed\\a0\\80') }), /UTF-8/],
    [
      'half a surrogate pair in UTF-16',
      pair(string, 64, 1, { more: bytes('\\00\\d8'), options: { encoding: 'utf16' } }),
      /UTF-16/,
    ],
    [
      'UTF-16 at an odd address',
      pair(string, 65, 1, { options: { encoding: 'utf16' } }),
      /aligned/,
    ],
    [
      'Latin-1 at an odd address',
      pair(string, 65, 1, { options: { encoding: 'latin1+utf16' } }),
      /aligned/,
    ],
    ['a list of bytes beyond memory', pair(list({ kind: 'u8' }), 262_143, 2), /range/],
    ['a list at a bad alignment', pair(list(u32), 2, 1), /aligned to 4/],
    ['a list of pairs at a bad alignment', pair(list(list(u32)), 2, 1), /aligned to 4/],
    ['a list whose size overflows', pair(list({ kind: 'u64' }), 8, 0x2000_0001), /take more than/],
    ['a list of many empty strings', pair(list(string), 0, 30_000_000), /take more than/],
    [
      'lists of many empty lists of bytes',
      pair(list(list(list({ kind: 'u8' }))), 64, 600, {
        more: bytes('\\00\\80\\00\\00\\58\\02\\00\\00'.repeat(600)),
      }),
      /take more than/,
    ],
    ['a surrogate as char', single({ kind: 'char' }, 'i32', '0xd800'), /scalar value/],
    ['a char beyond Unicode', single({ kind: 'char' }, 'i32', '0x110000'), /scalar value/],
    ['a negative char', single({ kind: 'char' }, 'i32', '-1'), /scalar value/],
    [
      'an enum case that is not there',
      single({ kind: 'enum', names: ['a'] }, 'i32', '1'),
      /no case 1/,
    ],
    ['a negative case', single({ kind: 'enum', names: ['a'] }, 'i32', '-1'), /no case 4294967295/],
    ['an option case that is not there', pair({ kind: 'option', some: u32 }, 2, 0), /no case 2/],
  ];
  for (const [what, parts, rule] of rules) t.match(await brokenRule(parts), rule, what);
});

t.test('what the specification allows passes', async (t) => {
  const lifted: unknown[] = [];
  const call = (_guest: unknown, value: unknown): void => void lifted.push(value);
  await brokenRule({ ...single({ kind: 'bool' }, 'i32', '2'), call });
  await brokenRule({ ...single({ kind: 'u8' }, 'i32', '511'), call });
  await brokenRule({ ...single({ kind: 's8' }, 'i32', '255'), call });
  await brokenRule({ ...single({ kind: 'flags', names: ['a', 'b'] }, 'i32', '0xff'), call });
  await brokenRule({ ...pair(string, 262_144, 0), call });
  await brokenRule({ ...pair(string, 64, 3, { more: bytes('\\ef\\bb\\bf') }), call });
  t.strictSame(lifted, [true, 255, -1, { a: true, b: true }, '', '\uFEFF']);
});

t.test('lists of overlapping strings cannot describe endless values', async (t) => {
  const fill = `(func $fill (local $i i32)
    (loop $again
      (i32.store (i32.shl (local.get $i) (i32.const 3)) (i32.const 140000))
      (i32.store offset=4 (i32.shl (local.get $i) (i32.const 3)) (i32.const 100000))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 8000)))))
    (start $fill)`;
  t.match(await brokenRule(pair(list(string), 0, 8000, { more: fill })), /take more than/);
});

t.test('where a result goes is checked', async (t) => {
  const wants = (pointer: number): GuestParts => ({
    type: func([], string),
    coreType: '(param i32)',
    body: `(call $f (i32.const ${pointer}))`,
    call: () => 'text',
  });
  t.match(await brokenRule(wants(262_140)), /range of 8 bytes/);
  t.match(await brokenRule(wants(2)), /aligned to 4/);
  t.equal(await brokenRule(wants(8)), undefined);
});

t.test('what cabi_realloc gives is checked', async (t) => {
  const gives = (value: string): GuestParts => ({
    type: func([], string),
    coreType: '(param i32)',
    body: '(call $f (i32.const 8))',
    call: () => 'text',
    options: { realloc: { kind: 'export', instance: 0, name: 'mine' }, encoding: 'utf16' },
    more: `(func (export "mine") (param i32 i32 i32 i32) (result i32) ${value})`,
  });
  t.match(await brokenRule(gives('(i32.const 262140)')), /range of 8 bytes/);
  t.match(await brokenRule(gives('(i32.const 3)')), /aligned to 2/);
  t.match(await brokenRule(gives('(call $f (i32.const 8)) (i32.const 16)')), /cabi_realloc/);
  t.equal(await brokenRule(gives('(i32.const 16)')), undefined);
});

t.test('handles are checked', async (t) => {
  const guest = (
    body: string,
    types: readonly ValueType[],
    more: Partial<GuestParts> = {},
  ): GuestParts => ({
    type: func(types),
    coreType: `(param ${types.map(() => 'i32').join(' ')})`,
    body,
    call: () => undefined,
    resources: imported,
    dropped: 0,
    ...more,
  });
  const held = '(call $new (i32.const 7))';
  const rules: readonly (readonly [string, GuestParts, RegExp | undefined])[] = [
    ['0', guest('(call $f (i32.const 0))', [own]), /handle 0/],
    ['one that was never given', guest('(call $f (i32.const 5))', [borrow]), /handle 5/],
    ['a negative one', guest('(call $f (i32.const -1))', [borrow]), /handle 4294967295/],
    ['dropping twice', guest(`(call $drop ${held}) (call $drop (i32.const 1))`, [own]), /handle 1/],
    ['giving away twice', guest(`(call $f ${held}) (call $f (i32.const 1))`, [own]), /handle 1/],
    [
      'another type',
      guest(`(call $f ${held})`, [{ kind: 'own', resource: 1 }], {
        resources: [...imported, ...imported],
      }),
      /handle 1/,
    ],
    [
      'giving away what is borrowed in the same call',
      guest(`(call $f ${held} (i32.const 1))`, [borrow, own]),
      /given away while it is borrowed/,
    ],
    ['borrowing twice', guest(`(call $f ${held} (i32.const 1))`, [borrow, borrow]), undefined],
    [
      'borrowing in one call and giving away in the next',
      guest(`(call $f ${held} ${held}) (call $f (i32.const 1) (i32.const 1))`, [borrow, own]),
      /given away while it is borrowed/,
    ],
    [
      'too many',
      guest(`(loop $again (drop ${held}) (br $again))`, [own]),
      /more than 65536 handles/,
    ],
  ];
  t.equal(MAX_HANDLES, 65_536);
  for (const [what, parts, rule] of rules)
    t.match(await brokenRule(parts), rule ?? undefined, what);
});

t.test('a borrowed handle must be dropped before the call returns', async (t) => {
  const guest = (body: string): GuestParts => ({
    type: func([]),
    coreType: '',
    body,
    call: () => undefined,
    resources: imported,
    dropped: 0,
    parameters: [{ name: 'r', type: borrow }],
    coreParameters: '(param i32)',
  });
  const kept = await reasonOf(await callingGuest(guest('')), {});
  t.match(kept, { kind: 'rule', rule: /borrowed/ });
  const dropped = await reasonOf(await callingGuest(guest('(call $drop (local.get 0))')), {});
  t.same(dropped, { returned: undefined });
});

t.test('dropping the last handle of a host resource disposes it, once', async (t) => {
  let disposed = 0;
  const resource = { [Symbol.dispose]: () => void (disposed += 1) };
  const instance = await callingGuest({
    type: func([], own),
    coreType: '(result i32)',
    body: '(call $drop (call $f))',
    call: () => resource,
    resources: imported,
    dropped: 0,
  });
  await reasonOf(instance);
  t.equal(disposed, 1);
});

t.test('a post-return function must not call out, and is given the result', async (t) => {
  const guest = (body: string): GuestParts => ({
    type: func([]),
    coreType: '',
    body: '(i32.const 42)',
    call: () => undefined,
    result: u32,
    runOptions: { postReturn: { kind: 'export', instance: 0, name: 'after' } },
    more: `(global $seen (export "seen") (mut i32) (i32.const 0))
      (func (export "after") (param i32) (global.set $seen (local.get 0)) ${body})`,
  });
  const fine = await callingGuest(guest(''));
  t.same(await reasonOf(fine), { returned: 42 });
  t.equal(globalOf(fine, 'seen'), 42);
  t.match(await reasonOf(await callingGuest(guest('(call $f)'))), {
    kind: 'rule',
    rule: /post-return/,
  });
});

t.test('an export cannot be called while it runs, nor after the instance has ended', async (t) => {
  let reason: unknown;
  const instance = await callingGuest({
    type: func([]),
    coreType: '',
    body: '(call $f)',
    call: () => {
      reason = reasonOf(instance);
    },
  });
  t.same(await reasonOf(instance), { returned: undefined }, 'the call under way goes on');
  t.match(await reason, { kind: 'rule', rule: /another call/ });
  const trapping = await callingGuest({
    type: func([]),
    coreType: '',
    body: 'unreachable',
    call: () => undefined,
  });
  t.match(await reasonOf(trapping), { threw: WebAssembly.RuntimeError });
  t.match(await reasonOf(trapping), { kind: 'rule', rule: /has ended/ });
});

t.test('errors of the host are values only where the type has a place for them', async (t) => {
  const guest = (result: ValueType | undefined, error: unknown): GuestParts => ({
    type: func([], result),
    coreType: result === undefined ? '' : '(result i32)',
    body: result === undefined ? '(call $f) (i32.const 5)' : '(call $f)',
    result: u32,
    call: () => {
      throw error;
    },
  });
  const plain: ValueType = { kind: 'result', ok: undefined, err: undefined };
  t.same(await reasonOf(await callingGuest(guest(plain, new WitError(undefined)))), {
    returned: 1,
  });
  const bug = new TypeError('a bug of the host');
  t.match(await reasonOf(await callingGuest(guest(plain, bug))), { kind: 'trap', error: bug });
  t.match(await reasonOf(await callingGuest(guest(undefined, new WitError(1)))), { kind: 'trap' });
});

t.test('what a host function gives must fit its type', async (t) => {
  const gives = (type: ValueType, value: unknown): GuestParts => ({
    type: func([], type),
    coreType: '(param i32)',
    body: '(call $f (i32.const 8))',
    call: () => value,
  });
  const wrong: readonly (readonly [ValueType, unknown])[] = [
    [string, { toString: () => 'secret' }],
    [list(u32), 'text'],
    [list({ kind: 'u8' }), { length: 4 }],
    [{ kind: 'variant', cases: [{ name: 'a', type: string }] }, { tag: 'b' }],
    [{ kind: 'tuple', items: [{ kind: 'u64' }, { kind: 'u64' }] }, [1, 2]],
  ];
  for (const [type, value] of wrong) {
    t.match(await reasonOf(await callingGuest(gives(type, value))), { kind: 'trap' }, type.kind);
  }
});
