/** Handles and resources: random walks against the reference, and against jco where it goes by the same numbers. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import t from 'tap';
import type { Module } from '../../host/engine/engine.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import { checkProperty } from './check-property.ts';
import { API, VERSION } from './echo-component.ts';
import { ENGINES, loadPrepared, prepareComponent } from './load-component.ts';
import { complaintAbout, describeError, outcomeOf } from './outcome.ts';
import { Recorder } from './recorder.ts';
import { referenceWalk } from './reference-walk.ts';
import { STEPS, resourceComponent } from './resource-component.ts';
import { PLAIN_STEPS, WALK_HOST, arbitraryWalk, walk, type Stride } from './resource-walk.ts';

const ALL_STEPS: readonly Stride['step'][] = [...STEPS, 'host-drops'];
const NUMBERS = fc.oneof(
  { weight: 8, arbitrary: fc.nat(4) },
  { weight: 1, arbitrary: fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ffff) },
);
/** jco keeps a flag in bit 30 of a representation, and takes 0 for none. */
const NUMBERS_OF_JCO = fc.integer({ min: 1, max: 4 });

const modules = new Map<string, Module>();

t.before(async () => {
  const bytes = await parse(resourceComponent());
  const entry = { interface: `${API}@${VERSION}`, function: 'call' };
  for (const engine of ENGINES) {
    const prepared = await prepareComponent(engine, bytes, [WALK_HOST], entry);
    modules.set(engine, await loadPrepared(prepared, [WALK_HOST]));
  }
});

t.test(
  'the native engine keeps handles as the specification does, whatever a guest tries',
  async (t) => {
    await checkProperty(t, arbitraryWalk(ALL_STEPS, NUMBERS), 1500, (strides) =>
      walksDiffer('native', strides),
    );
  },
);

t.test('both engines agree about resources', async (t) => {
  const plain = fc.oneof(...PLAIN_STEPS.map((steps) => arbitraryWalk(steps, NUMBERS_OF_JCO)));
  await checkProperty(t, plain, 500, async (strides) => {
    const native = await walksDiffer('native', strides);
    // Where a guest breaks a rule, jco may let it.
    if (referenceWalk(strides).includes('trap')) return native;
    return [...native, ...(await walksDiffer('jco', strides))];
  });
});

t.test('a counter of another instance is refused', async (t) => {
  const module = loaded('native');
  const give = async (): Promise<unknown> => {
    const instance = await module.instantiate(
      new Recorder(),
      new MemoryAccount(2 ** 20),
      new UnmeteredCpu(),
    );
    return instance.call([STEPS.indexOf('make'), 1, undefined, undefined]);
  };
  const [, counter] = (await give()) as [number, unknown];
  const other = await module.instantiate(
    new Recorder(),
    new MemoryAccount(2 ** 20),
    new UnmeteredCpu(),
  );
  for (const [lent, given] of [
    [counter, undefined],
    [undefined, counter],
  ]) {
    const outcome = await outcomeOf(() => other.call([STEPS.indexOf('look'), 0, lent, given]));
    t.equal(outcome.kind, 'trap');
    t.equal(complaintAbout(outcome), undefined);
  }
});

t.test('a guest cannot hold handles without end', async (t) => {
  const guest = new Recorder();
  const instance = await loaded('native').instantiate(
    guest,
    new MemoryAccount(2 ** 20),
    new UnmeteredCpu(),
  );
  const get = [STEPS.indexOf('get-thing'), 0, undefined, undefined];
  let calls = 0;
  let last = await outcomeOf(() => instance.call(get));
  while (last.kind === 'value' && calls < 100_000) {
    calls += 1;
    last = await outcomeOf(() => instance.call(get));
  }
  t.match(describeError(last.kind === 'trap' && last.error), /rule: .*more than \d+ handles/);
});

function loaded(engine: string): Module {
  const module = modules.get(engine);
  if (module === undefined) throw new Error(`no module for ${engine}`);
  return module;
}

/** Lines that an engine gives and the reference does not, and the reverse. */
async function walksDiffer(engine: string, strides: readonly Stride[]): Promise<string[]> {
  const came = (await walk(loaded(engine), strides)).join('\n  ');
  const expected = referenceWalk(strides).join('\n  ');
  return came === expected ? [] : [`${engine}\n  ${came}\ninstead of\n  ${expected}`];
}
