import t from 'tap';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { HostImports } from '../../host/engine/host-imports.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';

type Grow = (pages: number) => number;

async function instantiate(wat: string, account: MemoryAccount): Promise<WebAssembly.Exports> {
  const { bytes, contract } = rewriteCoreModule(await parse(wat));
  const side = { memory: account, cpu: new UnmeteredCpu(), calls: () => 0 };
  const imports = new HostImports(side).addTo(
    { name: 'core', file: 'core', ...contract },
    undefined,
  );
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;
}

const growing = (
  memory: string,
  type = 'i32',
): string => `(module (memory (export "memory") ${memory})
  (func (export "grow") (param ${type}) (result ${type}) (memory.grow (local.get 0)))
  (func (export "size") (result ${type}) memory.size))`;

t.test('memory.grow is charged, and a refusal is remembered', async (t) => {
  const account = new MemoryAccount(4 * 65_536);
  const exports = await instantiate(growing('1'), account);
  const grow = exports['grow'] as Grow;
  t.equal(account.bytes, 65_536);
  t.equal(grow(2), 1);
  t.notOk(account.refused);
  t.equal(grow(2), -1, 'one page is left');
  t.ok(account.refused);
  t.equal(grow(1), 3);
  t.equal(grow(0), 4, 'growing by nothing always succeeds');
  t.equal(account.bytes, 4 * 65_536);
  t.equal((exports['memory'] as WebAssembly.Memory).buffer.byteLength, 4 * 65_536);
});

t.test('a maximum that the module declares holds below the limit', async (t) => {
  const account = new MemoryAccount(100 * 65_536);
  const grow = (await instantiate(growing('1 2'), account))['grow'] as Grow;
  t.equal(grow(1), 1);
  t.equal(grow(1), -1);
  t.equal(account.bytes, 2 * 65_536, 'what was not taken is not charged');
});

t.test('growing by more than there is address space is refused', async (t) => {
  const account = new MemoryAccount(100 * 65_536);
  const grow = (await instantiate(growing('1'), account))['grow'] as Grow;
  t.equal(grow(-1), -1);
  t.equal(account.bytes, 65_536);
});

t.test('a 64-bit memory grows by bigint', async (t) => {
  const account = new MemoryAccount(3 * 65_536);
  const grow = (await instantiate(growing('i64 1', 'i64'), account))['grow'] as unknown as (
    pages: bigint,
  ) => bigint;
  t.equal(grow(1n), 1n);
  t.equal(grow(5n), -1n);
  t.equal(grow(-1n), -1n);
  t.equal(account.bytes, 2 * 65_536);
});

t.test('a first memory over the limit makes no instance', async (t) => {
  await t.rejects(instantiate(growing('5'), new MemoryAccount(4 * 65_536)), {
    code: 'memory_limit_at_start',
  });
});
