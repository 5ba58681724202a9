/** What happens when the epoch has moved: the guest asks, yields, and tells when it could not. */
import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { run, type HostRules, type Running } from './host-side.ts';

const LOOP = `(import "env" "back" (func $back))
  (func (export "spin") (result i32) (local $n i32)
    (loop $l (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 5000000)))) (local.get $n))
  (func (export "nest") (call $back))`;
const MODULES: readonly (readonly [name: string, wat: string])[] = [
  ['try_table', `(module ${LOOP})`],
  ['legacy exceptions', `(module ${LOOP} (func (export "old") try nop catch_all end))`],
];

async function start(wat: string, rules: HostRules): Promise<Running> {
  const running = run(rewriteCoreModule(await parse(wat)), rules);
  new Int32Array(running.epoch.buffer)[0] = 1;
  return running;
}

for (const [name, wat] of MODULES) {
  t.test(
    `${name}: nothing is called while the epoch stands, and a guest within its slice goes on`,
    async (t) => {
      let asked = 0;
      const running = await start(wat, {
        given: { env: { back: () => undefined } },
        expired: () => {
          asked += 1;
          return 0;
        },
        yield: () => t.fail('nothing to yield for'),
      });
      const epoch = new Int32Array(running.epoch.buffer);
      epoch[0] = 0;
      t.equal(running.exports['spin']?.(), 5_000_000);
      t.equal(asked, 0);
      epoch[0] = 1;
      t.equal(running.exports['spin']?.(), 5_000_000);
      t.ok(asked > 0);
    },
  );

  t.test(`${name}: a guest that must yield is suspended and goes on later`, async (t) => {
    const order: string[] = [];
    const rules: HostRules = {
      given: { env: { back: () => undefined } },
      expired: () => {
        const first = order.length === 0;
        order.push('expired');
        return first ? 1 : 0;
      },
      yield: async () => {
        await Promise.resolve();
        order.push('resumed');
      },
      nested: () => t.fail('no JavaScript stands between'),
    };
    const { exports } = await start(wat, rules);
    const spin = WebAssembly.promising(
      exports['spin'] as never,
    ) as unknown as () => Promise<number>;
    const promise = spin();
    t.same(order, ['expired']);
    t.equal(await promise, 5_000_000);
    t.same(order.slice(0, 2), ['expired', 'resumed']);
  });

  t.test(`${name}: a guest under a JavaScript frame says so`, async (t) => {
    let nested = 0;
    const rules: HostRules = {
      given: { env: { back: () => running.exports['spin']?.() } },
      expired: () => 1,
      yield: () => Promise.resolve(),
      nested: () => {
        nested += 1;
        new Int32Array(running.epoch.buffer)[0] = 0;
      },
    };
    const running: Running = await start(wat, rules);
    const nest = WebAssembly.promising(
      running.exports['nest'] as never,
    ) as unknown as () => Promise<void>;
    await nest();
    t.equal(nested, 1);
  });
}
