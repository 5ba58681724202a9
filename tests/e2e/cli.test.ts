/** `faas` against a real host, both as processes: the tour of the README, and everything that can go wrong on it. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { example, misbehave, wat } from '../guests/guests.ts';
import {
  FaasProcess,
  runFaas,
  startHostProcess,
  type Finished,
  type HostProcess,
} from './host-process.ts';

let host: HostProcess;
let files: string;
let environment: Record<string, string>;

const faas = (...args: string[]): Promise<Finished> => runFaas(args, { environment });

t.before(async () => {
  const base = t.testdir({ files: {} });
  files = join(base, 'files');
  await writeFile(join(files, 'Hello_Rust.wasm'), example('hello-rust'));
  await writeFile(join(files, 'bad.wasm'), misbehave());
  await writeFile(join(files, 'strange.wasm'), await wat('unknown-world'));
  await writeFile(join(files, 'text.wasm'), 'hello');
  await mkdir(join(files, 'site'));
  await writeFile(join(files, 'site', 'index.html'), 'home');
  host = await startHostProcess(t, join(base, 'data'));
  environment = { FAAS_ADMIN_URL: host.adminUrl, FAAS_DATA_DIR: host.dataDir };
});

t.test(
  'a function is deployed, looked at, called, rolled back, followed and deleted',
  async (t) => {
    const deployed = await faas('deploy', join(files, 'Hello_Rust.wasm'));
    t.match(deployed, { code: 0, stdout: /^hello-rust version 1 is live\n/ });
    t.match(deployed.stdout, `${host.dataUrl}/hello-rust/`, 'the URL is printed');
    t.match(deployed.stdout, /found +HTTP component/, 'and what deploy found out');
    for (const step of ['upload', 'detect', 'imports', 'rewrite', 'instantiate', 'activate']) {
      t.match(deployed.stderr, new RegExp(`^${step} +\\S`, 'm'), step);
    }
    const url = /http:\/\/\S+\/hello-rust\//.exec(deployed.stdout)?.[0] ?? '';
    t.match(await host.send(url), { status: 200, text: 'Hello from Rust\n' });

    const flags = [
      '--name',
      'hello-rust',
      '--env',
      'A=1',
      '--memory',
      '32MiB',
      '--timeout',
      '3s',
      '--concurrency',
      '4',
    ];
    const second = await faas(
      'deploy',
      join(files, 'bad.wasm'),
      ...flags,
      '--route',
      'x.example/*',
      '-q',
    );
    t.match(second, { code: 0, stderr: '', stdout: /^hello-rust version 2 is live\n/ });
    t.match(await faas('list'), { code: 0, stdout: /^NAME .*\nhello-rust +2 +http / });
    const described = await faas('describe', 'hello-rust');
    t.match(described, { code: 0, stdout: /memory +32\.0 MiB/ });
    t.match(described.stdout, /x\.example/);
    t.match(await faas('versions', 'hello-rust'), { code: 0, stdout: /^2 .*live.*\n1 /m });

    const called = await faas('invoke', 'hello-rust', '/stdout?lines=1', '-i');
    t.match(called, { code: 0, stdout: /^HTTP 200\n[^]*printed\n$/ });
    t.match(
      called.stderr,
      /\[stdout\] stdout line 1\n\[stderr\] stderr line 1\n[^]*status 200, ok/,
    );
    const failed = await faas('invoke', 'hello-rust', '/panic');
    t.match(failed, {
      code: 7,
      stderr: /error: Cannot finish the request: .* trapped: unreachable/,
    });

    const follower = new FaasProcess(['logs', 'hello-rust', '-f', '--tail', '0'], { environment });
    t.teardown(() => follower.end('SIGKILL'));
    // Nothing tells when it follows: it is asked for lines until one comes.
    const asking = setInterval(() => void host.call('/hello-rust/stdout').catch(() => {}), 100);
    await follower.until('stdout', /stdout line 1/);
    clearInterval(asking);
    t.match(await follower.end('SIGINT'), { code: 130, stdout: /stderr line 1/ });

    t.match(await faas('rollback', 'hello-rust'), {
      code: 0,
      stdout: 'hello-rust version 1 is live\n',
    });
    t.match(await host.call('/hello-rust/'), { text: 'Hello from Rust\n' });
    t.match(await faas('delete', 'hello-rust'), { code: 2, stderr: /nobody has confirmed it/ });
    t.match(await faas('delete', 'hello-rust', '--yes'), {
      code: 0,
      stdout: 'hello-rust is deleted\n',
    });
    t.match(await host.call('/hello-rust/'), { status: 404 });
    t.match(await faas('logs', 'hello-rust'), {
      code: 4,
      stderr: /Cannot find the function "hello-rust"/,
    });
  },
);

t.test('--format json prints one JSON value, and progress only on stderr', async (t) => {
  const json = async (...args: string[]): Promise<unknown> => {
    const { code, stdout } = await faas(...args, '--format', 'json');
    t.equal(code, 0, args.join(' '));
    return JSON.parse(stdout) as unknown;
  };
  const dir = `${join(files, 'site')}::/site`;
  const path = join(import.meta.dirname, '..', '..', 'components', 'files-rust.wasm');
  t.match(await json('deploy', path, '--name', 'site', '--dir', dir), {
    result: 'created',
    kind: 'command',
    version: { version: 1, directories: ['/site'], files: { count: 1 } },
  });
  t.match(await host.call('/site/'), { status: 200, text: 'home' });
  t.match(await json('list'), [{ name: 'site' }]);
  t.match(await json('describe', 'site'), { name: 'site', live: { version: 1 } });
  t.match(await json('versions', 'site'), [{ version: 1, live: true }]);
  t.match(await json('invoke', 'site'), { status: 200, outcome: 'ok' });
  t.match(await json('delete', 'site', '-y'), { deleted: 'site' });
});

t.test('what is wrong is said with its reason, a way to mend it, and an exit code', async (t) => {
  const deploy = (file: string, ...more: string[]): string[] => [
    'deploy',
    join(files, file),
    ...more,
  ];
  const wrong: readonly (readonly [args: string[], code: number, says: RegExp])[] = [
    [['deploy'], 11, /neither faas.toml nor spin.toml/],
    [['explode'], 2, /unknown command/],
    [['list', '--colour'], 2, /unknown option '--colour'/],
    [deploy('nothing.wasm'), 2, /Cannot read ".*nothing\.wasm": it does not exist/],
    [deploy('Hello_Rust.wasm', '--name', '../x'), 2, /Cannot use the name "\.\.\/x"/],
    [
      deploy('Hello_Rust.wasm', '--memory', 'lots'),
      2,
      /Cannot read the size "lots"[^]*fix: .*64MiB/,
    ],
    [deploy('Hello_Rust.wasm', '--timeout', 'soon'), 2, /Cannot read the duration "soon"/],
    [deploy('Hello_Rust.wasm', '--allow-host', 'a b'), 3, /allowedHosts|Cannot allow the host/],
    [deploy('text.wasm'), 3, /Cannot read the upload as WebAssembly: it is text/],
    [deploy('strange.wasm'), 9, /exports neither wasi:http\/incoming-handler nor wasi:cli\/run/],
    [['describe', 'nobody'], 4, /Cannot find the function "nobody"[^]*fix: .*faas list/],
    [['rollback', 'nobody'], 4, /Cannot find the function "nobody"/],
    [
      ['list', '--admin', 'http://127.0.0.1:1'],
      5,
      /Cannot reach the host at[^]*nothing listens there[^]*fix: /,
    ],
    [['list', '--token', 'wrong'], 6, /Cannot use the admin API/],
    [['list', '--data-dir', '/nowhere'], 6, /there is no token to send[^]*fix: /],
  ];
  const all = wrong.map(async ([args, code, says]) => {
    const finished = await faas(...args);
    t.equal(finished.code, code, args.slice(0, 3).join(' '));
    t.match(finished.stderr, says);
    t.equal(finished.stdout, '', 'nothing on stdout');
    t.notMatch(finished.stderr, /\n +at /, 'no stack');
  });
  await Promise.all(all);
  t.same(await host.functions(), [], 'nothing was deployed');
});

t.test('the token file is for its owner alone', async (t) => {
  const { mode } = await stat(join(host.dataDir, 'admin-token'));
  t.equal(mode & 0o777, 0o600);
  t.equal((await stat(host.dataDir)).mode & 0o077, 0);
  t.notMatch(
    host.process.stderr,
    (await readFile(join(host.dataDir, 'admin-token'), 'utf8')).trim(),
    'nor is it logged',
  );
});
