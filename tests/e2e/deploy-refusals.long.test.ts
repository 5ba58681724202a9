/** Uploads that cannot be functions: each gets its code and a reason, and leaves no trace. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { example, wat } from '../guests/guests.ts';
import { manyImports } from '../guests/many-imports.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
});

/** An upload, and what its sender is told. */
interface Refused {
  readonly bytes: () => Promise<Uint8Array> | Uint8Array;
  readonly code: string;
  readonly status: number;
  readonly says: RegExp;
}

const text =
  (content: string): (() => Uint8Array) =>
  () =>
    Buffer.from(content, 'latin1');
const spoilt = (at: number, byte: number) => (): Uint8Array => {
  const bytes = Uint8Array.from(example('hello-rust'));
  bytes[at] = byte;
  return bytes;
};

const REFUSED: Readonly<Record<string, Refused>> = {
  'a text': { bytes: text('hello'), code: 'not_wasm', status: 422, says: /it is text/ },
  nothing: { bytes: text(''), code: 'not_wasm', status: 422, says: /it is empty/ },
  'a native program': {
    bytes: text('\x7fELF\x02\x01'),
    code: 'not_wasm',
    status: 422,
    says: /ELF/,
  },
  'a wrong magic': {
    bytes: spoilt(3, 0x6e),
    code: 'not_wasm',
    status: 422,
    says: /no known format/,
  },
  'an unknown version': { bytes: spoilt(4, 99), code: 'wasm_version', status: 422, says: /99/ },
  'half a preamble': {
    bytes: text('\0asm\x0d'),
    code: 'wasm_truncated',
    status: 422,
    says: /5 bytes/,
  },
  'half a component': {
    bytes: () => example('hello-rust').subarray(0, 20_000),
    code: 'malformed_wasm',
    status: 422,
    says: /at byte \d+/,
  },
  'half a core module': {
    bytes: () => example('upper-c').subarray(0, 9000),
    code: 'malformed_wasm',
    status: 422,
    says: /at byte \d+/,
  },
  'a core module that is not WASI': {
    bytes: () => wat('core-not-wasi'),
    code: 'not_wasi_module',
    status: 400,
    says: /it imports "env" "mystery"/,
  },
  'a core module without _start': {
    bytes: () => wat('core-without-start'),
    code: 'not_wasi_module',
    status: 400,
    says: /no "_start"/,
  },
  'an interface we lack, misspelt': {
    bytes: () => wat('import', { import: '"wasi:http/typez@0.2.3"' }),
    code: 'unknown_import',
    status: 400,
    says: /imports "wasi:http\/typez@0\.2\.3".*nearest: wasi:http\/types@0\.2\.0 to/,
  },
  'an interface we lack, of a stranger': {
    bytes: () => wat('import', { import: '"acme:mail/send@1.0.0"' }),
    code: 'unknown_import',
    status: 400,
    says: /imports "acme:mail\/send@1\.0\.0".*nearest: /,
  },
  'a release we lack': {
    bytes: () => wat('import', { import: '"wasi:http/types@0.4.0"' }),
    code: 'unknown_import',
    status: 400,
    says: /imports "wasi:http\/types@0\.4\.0".*nearest: wasi:http\/types@0\.2\.0 to/,
  },
  'a function that an interface of ours has not': {
    bytes: () => wat('import-unknown-function'),
    code: 'unknown_import',
    status: 400,
    says: /#get-secrets/,
  },
  'a component of an unknown world': {
    bytes: () => wat('unknown-world'),
    code: 'unknown_world',
    status: 400,
    says: /but acme:math\/add@1\.0\.0/,
  },
  '10,000 imported interfaces': {
    bytes: () => manyImports(10_000, 'component'),
    code: 'too_many_imports',
    status: 422,
    says: /more than 2000 imports/,
  },
  '10,000 imports of a core module within': {
    bytes: () => manyImports(10_000, 'inner'),
    code: 'too_many_imports',
    status: 422,
    says: /more than 2000 imports/,
  },
  '10,000 imports of a command': {
    bytes: () => manyImports(10_000, 'core'),
    code: 'too_many_imports',
    status: 422,
    says: /more than 2000 imports/,
  },
  'a shared memory': {
    bytes: () => wat('shared-memory'),
    code: 'shared_memory_refused',
    status: 422,
    says: /memory 0 is shared/,
  },
  'a shared memory of a command': {
    bytes: () => wat('core-shared-memory'),
    code: 'shared_memory_refused',
    status: 422,
    says: /memory 0 is shared/,
  },
  'a start function that traps': {
    bytes: () => wat('start', { body: '(unreachable)' }),
    code: 'trial_failed',
    status: 400,
    says: /unreachable/,
  },
};

for (const [what, { bytes, code, status, says }] of Object.entries(REFUSED)) {
  t.test(`deploy refuses ${what}`, async (t) => {
    const refusal = await host.refusal('bad', await bytes());
    t.match(refusal, { code, status });
    t.match(refusal.message, says);
    t.match(refusal.message, /^Cannot /);
    await assertAlive(t, host);
  });
}

t.test('a refused deployment leaves the version before it live', async (t) => {
  await host.deploy('kept', example('hello-rust'));
  await host.refusal('kept', Buffer.from('hello'));
  await host.refusal('kept', await wat('unknown-world'));
  t.equal((await host.call('/kept/')).text, 'Hello from Rust\n');
  const [, kept] = await host.functions();
  t.match(kept, { name: 'kept', live: { version: 1 } });
  await host.api.json({ method: 'DELETE', path: '/v1/functions/kept' });
});

t.test('nothing of a refused deployment stays behind', async (t) => {
  t.same(await readdir(join(host.dataDir, 'scratch')), [], 'no files of a preparing process');
  t.equal((await host.metrics()).get('faas_deploys_total{result="failed"}') ?? 0, 0);
});
