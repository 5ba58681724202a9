/** cli, clocks, random and sockets: what the other tests do not reach. */
import t from 'tap';
import { datetimeOf } from '../../host/wasi/clocks/datetime.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { OutputStream } from '../../host/wasi/io/output-stream.ts';
import { Network } from '../../host/wasi/sockets/network.ts';
import { TestGuest } from './test-guest.ts';
import { witError } from './wit-error.ts';

t.test('a guest sees the variables and arguments it was given, and none by default', (t) => {
  const given = new TestGuest({ arguments: ['app', '-v'], environment: [['KEY', 'value']] });
  t.same(call(given, 'wasi:cli/environment', 'get-environment'), [['KEY', 'value']]);
  t.same(call(given, 'wasi:cli/environment', 'get-arguments'), ['app', '-v']);
  t.same(call(new TestGuest(), 'wasi:cli/environment', 'get-environment'), []);
  t.equal(call(given, 'wasi:cli/environment', 'initial-cwd'), undefined);
  t.same(call(given, 'wasi:filesystem/preopens', 'get-directories'), []);
  t.end();
});

t.test('exit() ends the instance with its code', (t) => {
  const cases: [name: string, status: unknown, exitCode: number][] = [
    ['exit', { tag: 'ok' }, 0],
    ['exit', { tag: 'err' }, 1],
    ['exit-with-code', 42, 42],
  ];
  for (const [name, status, exitCode] of cases) {
    const guest = new TestGuest();
    t.throws(() => call(guest, 'wasi:cli/exit', name, status), WebAssembly.RuntimeError);
    t.same(guest.endReason, { kind: 'exit', exitCode });
  }
  t.end();
});

t.test('stdout and stderr are apart, and no stream is a terminal', (t) => {
  const guest = new TestGuest();
  for (const name of ['stdout', 'stderr']) {
    const stream = call(guest, `wasi:cli/${name}`, `get-${name}`) as OutputStream;
    stream.blockingWriteAndFlush(Buffer.from(name));
  }
  t.equal(String(guest.collectedStdout.bytes()), 'stdout');
  t.equal(String(guest.collectedStderr.bytes()), 'stderr');
  for (const name of ['stdin', 'stdout', 'stderr']) {
    t.equal(call(guest, `wasi:cli/terminal-${name}`, `get-terminal-${name}`), undefined);
  }
  t.end();
});

t.test('clocks show the time of the guest, in UTC', (t) => {
  const guest = new TestGuest();
  const now = { seconds: 1_700_000_000n, nanoseconds: 123_000_000 };
  t.same(call(guest, 'wasi:clocks/wall-clock', 'now'), now);
  t.equal(call(guest, 'wasi:clocks/monotonic-clock', 'now'), guest.monotonicNs());
  t.match(call(guest, 'wasi:clocks/timezone', 'display', now), { utcOffset: 0, name: 'UTC' });
  t.equal(call(guest, 'wasi:clocks/timezone', 'utc-offset', now), 0);
  t.same(datetimeOf(-5), { seconds: 0n, nanoseconds: 0 }, 'WASI has no time before 1970');
  t.end();
});

t.test('random bytes come as many as asked for, up to 4 MiB', (t) => {
  const guest = new TestGuest();
  for (const [name, prefix] of [
    ['wasi:random/random', 'get-random'],
    ['wasi:random/insecure', 'get-insecure-random'],
  ] as const) {
    const bytes = call(guest, name, `${prefix}-bytes`, 32n) as Uint8Array;
    t.equal(bytes.length, 32);
    t.notSame(bytes, call(guest, name, `${prefix}-bytes`, 32n));
    t.equal((call(guest, name, `${prefix}-bytes`, 0n) as Uint8Array).length, 0);
    t.type(call(guest, name, `${prefix}-u64`), 'bigint');
    t.throws(
      () => call(guest, name, `${prefix}-bytes`, 4n * 1024n * 1024n + 1n),
      WebAssembly.RuntimeError,
    );
  }
  t.match(guest.endReason, { kind: 'rule', rule: /4194305 bytes/ });
  t.end();
});

t.test('insecure-seed differs from call to call: no function learns the seed of another', (t) => {
  const seed = (): unknown => call(new TestGuest(), 'wasi:random/insecure-seed', 'insecure-seed');
  t.notSame(seed(), seed());
  t.end();
});

t.test('sockets link and deny', (t) => {
  const guest = new TestGuest();
  const DENIED = witError('access-denied');
  const network = call(guest, 'wasi:sockets/instance-network', 'instance-network');
  t.ok(network instanceof Network);
  t.throws(
    () => call(guest, 'wasi:sockets/ip-name-lookup', 'resolve-addresses', network, 'example.com'),
    DENIED,
  );
  t.throws(
    () => call(guest, 'wasi:sockets/tcp-create-socket', 'create-tcp-socket', 'ipv4'),
    DENIED,
  );
  t.throws(
    () => call(guest, 'wasi:sockets/udp-create-socket', 'create-udp-socket', 'ipv6'),
    DENIED,
  );
  t.equal(call(guest, 'wasi:sockets/network', 'network-error-code', {}), undefined);
  t.end();
});

function call(guest: TestGuest, name: string, functionName: string, ...given: unknown[]): unknown {
  const found = wasiInterfaces.find((offered) => offered.name === name)?.functions[functionName];
  if (found === undefined) throw new Error(`there is no ${name} ${functionName}`);
  return found(guest, ...given);
}
