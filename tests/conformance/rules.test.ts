/** When a guest's code may call out, be called, wait, and keep what it borrowed: on the native engine. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import t from 'tap';
import type { HostInterface } from '../../host/component/host-interface.ts';
import type { Module } from '../../host/engine/engine.ts';
import type { EngineName } from '../../host/engine/manifest.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import { API, HOST, VERSION } from './echo-component.ts';
import { ENGINES, loadPrepared, prepareComponent } from './load-component.ts';
import { complaintAbout, describeError, outcomeOf } from './outcome.ts';
import { Recorder, Thing } from './recorder.ts';
import { ruleComponent, type RuleBodies } from './rule-component.ts';

/** A guest whose calls of `note` a test may follow. */
class Noting extends Recorder {
  onNote: () => unknown = () => undefined;
}

const NOTING_HOST: HostInterface = {
  name: HOST,
  versions: { from: VERSION, to: VERSION },
  functions: {
    note: (guest: Noting, number: number) => {
      guest.calls.push(`note ${number}`);
      guest.onNote();
    },
    wait: async () => {
      await Promise.resolve();
      return 7;
    },
    text: () => 'text',
  },
  resources: { thing: Thing },
  blocking: ['wait'],
};

const DROP = '(call $drop-thing (local.get $thing))';

async function load(bodies: RuleBodies, engine: EngineName = 'native'): Promise<Module> {
  const bytes = await parse(ruleComponent(bodies));
  const entry = { interface: `${API}@${VERSION}`, function: 'call' };
  return loadPrepared(await prepareComponent(engine, bytes, [NOTING_HOST], entry), [NOTING_HOST]);
}

t.test('a guest that keeps the rules is not stopped', async (t) => {
  const bodies: RuleBodies = {
    call: `(call $text (i32.const 16)) (call $note (call $wait)) ${DROP} (i32.const 5)`,
    start: '(call $note (i32.const 1))',
  };
  for (const engine of ENGINES) {
    const module = await load(bodies, engine);
    const guest = new Noting();
    const instance = await module.instantiate(
      guest,
      new MemoryAccount(2 ** 20),
      new UnmeteredCpu(),
    );
    for (const thing of [new Thing(1), new Thing(2)]) t.equal(await instance.call([thing]), 5);
    t.same(guest.calls, ['note 1', 'note 7', 'note 7'], engine);
  }
});

const BROKEN: readonly (readonly [what: string, bodies: RuleBodies, rule: RegExp])[] = [
  [
    'calls an import from its allocator',
    {
      call: `(call $text (i32.const 16)) ${DROP} (i32.const 0)`,
      realloc: '(call $note (i32.const 2))',
    },
    /import was called from cabi_realloc/,
  ],
  [
    'waits in its allocator',
    { call: `(call $text (i32.const 16)) ${DROP} (i32.const 0)`, realloc: '(drop (call $wait))' },
    /was called from .*cabi_realloc/,
  ],
  [
    'calls an import after it returned',
    { call: `${DROP} (i32.const 0)`, postReturn: '(call $note (i32.const 2))' },
    /import was called from/,
  ],
  ['keeps what it borrowed', { call: '(i32.const 0)' }, /before it dropped the handles/],
  ['drops what it borrowed twice', { call: `${DROP} ${DROP} (i32.const 0)` }, /handle 1 is not/],
  [
    'gives a pointer for a string that is out of bounds',
    { call: `(call $text (i32.const 0xfffffffc)) ${DROP} (i32.const 0)` },
    /not in its memory/,
  ],
];

for (const [what, bodies, rule] of BROKEN) {
  t.test(`an instance ends when its guest ${what}`, async (t) => {
    const module = await load(bodies);
    const guest = new Noting();
    const instance = await module.instantiate(
      guest,
      new MemoryAccount(2 ** 20),
      new UnmeteredCpu(),
    );
    const outcome = await outcomeOf(() => instance.call([new Thing(1)]));
    t.match(outcome.kind === 'trap' && describeError(outcome.error), rule);
    t.equal(complaintAbout(outcome), undefined);
    t.notOk(guest.calls.includes('note 2'), 'the import was not reached');
    const again = await outcomeOf(() => instance.call([new Thing(2)]));
    t.match(again.kind === 'trap' && describeError(again.error), /instance has ended/);
  });
}

t.test('a start function may wait', async (t) => {
  const module = await load({
    call: `${DROP} (i32.const 5)`,
    start: '(call $note (call $wait))',
  });
  const guest = new Noting();
  const instance = await module.instantiate(guest, new MemoryAccount(2 ** 20), new UnmeteredCpu());
  t.same(guest.calls, ['note 7']);
  t.equal(await instance.call([new Thing(1)]), 5);
});

t.test('an instance is not entered while it runs', async (t) => {
  const module = await load({ call: `(call $note (i32.const 3)) ${DROP} (i32.const 0)` });
  const guest = new Noting();
  const instance = await module.instantiate(guest, new MemoryAccount(2 ** 20), new UnmeteredCpu());
  const inner: Promise<void>[] = [];
  guest.onNote = () => {
    inner.push(
      outcomeOf(() => instance.call([new Thing(2)])).then((outcome) => {
        t.match(outcome.kind === 'trap' && describeError(outcome.error), /while another call/);
      }),
    );
  };
  await outcomeOf(() => instance.call([new Thing(1)]));
  await Promise.all(inner);
  t.equal(inner.length, 1);
});

t.test('an instance is not entered while it waits', async (t) => {
  const module = await load({ call: `(drop (call $wait)) ${DROP} (i32.const 0)` });
  const instance = await module.instantiate(
    new Noting(),
    new MemoryAccount(2 ** 20),
    new UnmeteredCpu(),
  );
  const [, second] = await Promise.all([
    outcomeOf(() => instance.call([new Thing(1)])),
    outcomeOf(() => instance.call([new Thing(2)])),
  ]);
  t.match(second.kind === 'trap' && describeError(second.error), /while another call/);
});
