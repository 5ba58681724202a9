/** Hosts that are killed, starved or started twice: what was deployed is there afterwards, and still serves. */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { example, wat } from '../guests/guests.ts';
import { refusalOf } from './host-client.ts';
import { listPreparing, runFaas, startHostProcess, type HostProcess } from './host-process.ts';

const HELLO = example('hello-rust');
const LOOP = '(loop $l (br $l))';

/** Waits for the deployment's step and kills the host in it. */
async function killDuring(host: HostProcess, step: string): Promise<void> {
  const reached = Promise.withResolvers<void>();
  const deploying = host.deploy('app', example('echo-rust'), {}, (done) => {
    if (done.step === step) reached.resolve();
  });
  deploying.then(() => reached.reject(new Error(`no step "${step}"`)), reached.reject);
  await reached.promise;
  await host.process.end('SIGKILL');
  await deploying.catch(() => {});
}

for (const step of ['read', 'generate', 'store']) {
  t.test(
    `a host killed after step "${step}" of a deployment serves the version before it`,
    async (t) => {
      const dataDir = join(t.testdir({}), 'data');
      const host = await startHostProcess(t, dataDir);
      await host.deploy('app', HELLO);
      await killDuring(host, step);
      const again = await startHostProcess(t, dataDir);
      const [app] = await again.functions();
      // After its last step a deployment may have come to its end: then all of it has happened.
      const isDone = step === 'store' && app?.live.version === 2;
      if (!isDone) {
        t.match(app, { name: 'app', live: { version: 1 } });
        t.equal((await again.call('/app/')).text, 'Hello from Rust\n');
      }
      t.same(await readdir(join(dataDir, 'scratch')), [], 'nothing is half-written');
      t.match(await again.deploy('app', example('echo-rust')), { version: { version: 2 } });
      t.match((await again.call('/app/')).text, /"method":\s*"GET"/);
      await again.process.end('SIGKILL');
    },
  );
}

t.test('a preparing process that never ends does not outlive its host', async (t) => {
  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'] as const) {
    const host = await startHostProcess(t, join(t.testdir({}), signal));
    const pid = host.process.child.pid ?? 0;
    const reached = Promise.withResolvers<void>();
    const bytes = await wat('start', { body: LOOP });
    const deploying = host.deploy('endless', bytes, {}, ({ step }) => {
      if (step === 'rewrite') reached.resolve();
    });
    deploying.catch(() => {});
    await reached.promise;
    const child = (await listPreparing()).find(({ parent }) => parent === pid);
    t.ok(child, 'it runs');
    const startedMs = performance.now();
    const { code } = await host.process.end(signal);
    if (signal !== 'SIGKILL') t.equal(code, 0);
    t.ok(performance.now() - startedMs < 8000, `${signal} ends the host soon`);
    await untilGone(child?.pid ?? 0);
  }
});

async function untilGone(pid: number): Promise<void> {
  const endMs = performance.now() + 8000;
  while ((await listPreparing()).some((one) => one.pid === pid)) {
    if (performance.now() > endMs) {
      process.kill(pid, 'SIGKILL');
      throw new Error(`the preparing process ${pid} runs on without its host`);
    }
  }
}

t.test(
  'a second host on the same data directory ends with a message, the first serves on',
  async (t) => {
    const dataDir = join(t.testdir({}), 'data');
    const first = await startHostProcess(t, dataDir);
    await first.deploy('app', HELLO);
    const args = [
      'serve',
      '--data-dir',
      dataDir,
      '--listen',
      '127.0.0.1:0',
      '--admin',
      '127.0.0.1:0',
    ];
    const second = await runFaas(args);
    t.equal(second.code, 3);
    t.equal(second.stdout, '', 'it was never ready');
    t.match(
      second.stderr,
      `Cannot open the data directory "${dataDir}": process ${first.process.child.pid}`,
    );
    t.match(second.stderr, /\(data_directory_locked\)\n\s+fix: Stop that host, or name another/);
    t.equal((await first.call('/app/')).text, 'Hello from Rust\n');
    await first.process.end('SIGKILL');
    const third = await startHostProcess(t, dataDir);
    t.equal((await third.call('/app/')).text, 'Hello from Rust\n', 'a dead host holds nothing');
  },
);

t.test('a data directory that cannot be written is named with the reason', async (t) => {
  const base = t.testdir({ file: 'text' });
  const free = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const blocked = await runFaas(['serve', '--data-dir', join(base, 'file', 'below'), ...free]);
  t.equal(blocked.code, 3);
  t.match(
    blocked.stderr,
    /Cannot open the data directory .*: a part of its path is a file \(data_directory_unwritable\)/,
  );
  const closed = join(base, 'closed');
  await mkdir(closed);
  await chmod(closed, 0o555);
  const nobody = process.getuid?.() === 0 ? { userId: 65_534 } : {};
  const denied = await runFaas(['serve', '--data-dir', closed, ...free], nobody);
  t.equal(denied.code, 3);
  t.match(
    denied.stderr,
    /permission denied \(data_directory_unwritable\)\n\s+fix: Make it writable/,
  );
});

t.test('a full disk is said to be full, and nothing is lost', async (t) => {
  const dataDir = join(t.testdir({ disk: {} }), 'disk');
  const mount = 'mount -t tmpfs -o size=12m none "$0" && exec "$@"';
  const wrapper = ['unshare', '-rm', 'sh', '-c', mount, dataDir];
  // The disk is mounted for that process alone; its /proc entry leads there.
  const inside = (pid: number): string => `/proc/${pid}/root${dataDir}`;
  const host = await startHostProcess(t, dataDir, [], {
    wrapper,
    readToken: (pid) => readFile(join(inside(pid), 'admin-token'), 'utf8'),
  }).catch((error: unknown) => String(error));
  if (typeof host === 'string') {
    t.match(host, /unshare|mount/, 'it failed for this reason alone');
    t.comment('skipped: mounting a file system is not allowed here');
    return;
  }
  await host.deploy('app', HELLO);
  const known = await wat('hello');
  await host.deploy('known', known);
  const filler = join(inside(host.process.child.pid ?? 0), 'filler');
  await writeFile(filler, Buffer.alloc(13 * 2 ** 20)).catch(() => {});

  const upload = await refusalOf(host.upload(example('echo-rust')));
  t.match(upload, { code: 'storage_full', status: 507, message: /^Cannot store "upload": / });
  const refusals = [];
  for (let index = 0; index < 5; index += 1) {
    const environment: [string, string][] = [['FILL', 'x'.repeat(30_000)]];
    const end = await host
      .deploy(`more-${index}`, known, { environment })
      .catch((error: unknown) => error);
    if (end instanceof Error) refusals.push(end);
  }
  t.match(refusals[0], { code: 'storage_full', status: 507 }, 'the registry says the same');
  t.equal((await host.call('/app/')).text, 'Hello from Rust\n', 'functions serve on');
  t.equal((await host.call('/known/')).status, 200);

  await rm(filler);
  t.match(await host.deploy('app', example('echo-rust')), { version: { version: 2 } });
  t.match((await host.call('/app/')).text, /"method":\s*"GET"/);
  const { code } = await host.process.end('SIGTERM');
  t.equal(code, 0);
});
