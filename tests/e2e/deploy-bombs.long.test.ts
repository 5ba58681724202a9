/** Uploads that are too much: too many bytes, or work that never ends. The host stays small and serves on. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import t from 'tap';
import { wat } from '../guests/guests.ts';
import { openRaw } from './host-client.ts';
import { liveBufferBytes } from './live-bytes.ts';
import { untilNonePrepares } from './host-process.ts';
import { assertAlive, deployCanary, openRunningHost, type RunningHost } from './running-host.ts';

const MIB = 2 ** 20;
const UPLOAD_BYTES = 100 * MIB;
const PIECE = Buffer.alloc(MIB, 'x');
const LOOP = '(loop $l (br $l))';

let host: RunningHost;

t.before(async () => {
  const dataDir = join(t.testdir({}), 'data');
  // The canary is prepared with time enough: this is about what comes after it.
  const first = await openRunningHost(t, { dataDir });
  await deployCanary(first);
  await first.close();
  const deploy = { timeoutMs: 2500, memoryBytes: 400 * MIB };
  host = await openRunningHost(t, { dataDir, config: { deploy } });
});

/** Digest of 100 MB that are never stored. */
function digest(): string {
  const hash = createHash('sha256');
  for (let sent = 0; sent < UPLOAD_BYTES; sent += PIECE.length) hash.update(PIECE);
  return `sha256:${hash.digest('hex')}`;
}

t.test('an upload that announces 100 MB is refused before any of it is sent', async (t) => {
  const client = await openRaw(t, Number(new URL(host.adminUrl).port));
  client.send(
    `PUT /v1/artifacts/${digest()} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
      `Authorization: Bearer ${host.token}\r\nContent-Type: application/octet-stream\r\n` +
      `Content-Length: ${UPLOAD_BYTES}\r\n\r\n`,
  );
  const answer = await client.until(/\}$/);
  t.match(answer, /^HTTP\/1\.1 413 /);
  t.match(answer, /"code":"artifact_too_large","message":"Cannot store the upload: /);
  await assertAlive(t, host);
});

t.test('an upload of 100 MB that announces nothing is refused when it is too large', async (t) => {
  const client = await openRaw(t, Number(new URL(host.adminUrl).port));
  client.send(
    `PUT /v1/artifacts/${digest()} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
      `Authorization: Bearer ${host.token}\r\nContent-Type: application/octet-stream\r\n` +
      `Transfer-Encoding: chunked\r\n\r\n`,
  );
  const answered = client.until(/^HTTP\/1\.1 413 [^]*artifact_too_large/);
  const heldBytes = liveBufferBytes();
  let mostBytes = 0;
  for (let sent = 0; sent < UPLOAD_BYTES && client.received === ''; sent += PIECE.length) {
    client.socket.write(`${PIECE.length.toString(16)}\r\n`);
    client.socket.write(PIECE);
    const isTaken = client.socket.write('\r\n');
    if (sent % (8 * MIB) === 0) mostBytes = Math.max(mostBytes, liveBufferBytes() - heldBytes);
    if (!isTaken) await Promise.race([once(client.socket, 'drain'), answered]);
  }
  t.ok(await answered);
  t.ok(mostBytes < 16 * MIB, `the host keeps nothing of it in memory, not ${mostBytes} bytes`);
  t.same(await readdir(join(host.dataDir, 'scratch')), [], 'nor on disk');
  await assertAlive(t, host);
});

const ENDLESS = {
  'a component whose start function loops': () => wat('start', { body: LOOP }),
  'a command whose start function loops': () => wat('core-start', { body: LOOP }),
};
for (const [what, bytes] of Object.entries(ENDLESS)) {
  t.test(`deploy ends ${what}`, async (t) => {
    const deploying = host.refusal('endless', await bytes());
    await assertAlive(t, host);
    const refusal = await deploying;
    t.match(refusal, { code: 'prepare_timeout', status: 400, fix: /start function loops/ });
    t.match(refusal.message, /took longer than 2500 ms/);
    await untilNonePrepares(process.pid);
    await assertAlive(t, host);
  });
}

t.test('deploy ends a module that takes all memory in its start function', async (t) => {
  const hog = await parse(`(component
    (core module $main
      (memory 1)
      (func $start (loop $more
        (if (i32.eq (memory.grow (i32.const 256)) (i32.const -1)) (then unreachable))
        (memory.fill
          (i32.mul (i32.sub (memory.size) (i32.const 256)) (i32.const 65536))
          (i32.const 1) (i32.const 16777216))
        (br $more)))
      (start $start)
      (func (export "run") (result i32) i32.const 0))
    (core instance $main (instantiate $main))
    (func $run (result (result)) (canon lift (core func $main "run")))
    (instance $exported (export "run" (func $run)))
    (export "wasi:cli/run@0.2.12" (instance $exported)))`);
  const refusal = await host.refusal('hog', hog);
  t.match(refusal, { code: /^(prepare_memory|trial_failed)$/, status: 400 });
  await untilNonePrepares(process.pid);
  await assertAlive(t, host);
});
