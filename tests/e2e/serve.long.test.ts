/** `faas serve` as a process: its one line, its signals, its addresses, its examples. */
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { misbehave } from '../guests/guests.ts';
import { FaasProcess, runFaas, startHostProcess } from './host-process.ts';

const FREE = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

t.test('serve prints one line on stdout, and ends with 0 when it is told to', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const dataDir = join(t.testdir({}), signal);
    const host = await startHostProcess(t, dataDir);
    t.match(await host.send(`${host.adminUrl}/healthz`), { status: 200 });
    t.match(await host.send(`${host.adminUrl}/readyz`), { status: 200 });
    const finished = await host.process.end(signal);
    t.match(finished, { code: 0, signal: null });
    t.equal(finished.stdout, `ready data=${host.dataUrl} admin=${host.adminUrl}\n`);
    for (const line of finished.stderr.trim().split('\n')) t.type(JSON.parse(line), 'object');
    t.notOk((await readdir(dataDir)).includes('host.json'), 'the data directory was given back');
  }
});

t.test('a second Ctrl-C does not wait for requests under way', async (t) => {
  const host = await startHostProcess(t, join(t.testdir({}), 'data'));
  await host.deploy('bad', misbehave());
  const running = host.call('/bad/sleep-forever').catch((error: unknown) => error);
  await host.untilMetric('faas_instances{function="bad",state="running"}', 1);
  host.process.child.kill('SIGINT');
  await host.process.until('stderr', /"closing"/);
  // What comes at once is the same Ctrl-C, passed on by npm; half a second later it is another.
  const again = setInterval(() => host.process.child.kill('SIGINT'), 200);
  const startedMs = performance.now();
  const { code } = await host.process.finished();
  clearInterval(again);
  t.equal(code, 130);
  t.ok(performance.now() - startedMs < 5000);
  t.type(await running, Error);
});

t.test('an address that is taken, or is none, is named', async (t) => {
  const base = t.testdir({});
  const host = await startHostProcess(t, join(base, 'first'));
  const taken = new URL(host.dataUrl).host;
  for (const flag of ['--listen', '--admin'] as const) {
    const args =
      flag === '--listen'
        ? [flag, taken, '--admin', '127.0.0.1:0']
        : ['--listen', '127.0.0.1:0', flag, taken];
    const second = await runFaas(['serve', '--data-dir', join(base, 'second'), ...args]);
    t.match(second, { code: 3, stdout: '' });
    t.match(second.stderr, `Cannot listen on "${taken}": `);
    t.match(
      second.stderr,
      new RegExp(`\\(listen_failed\\)\\n\\s+fix: Choose another address with ${flag}`),
    );
  }
  const wrong = await runFaas(['serve', '--data-dir', join(base, 'second'), '--listen', 'here']);
  t.match(wrong, { code: /[23]/, stdout: '', stderr: /"here" is not host:port/ });
  t.match(await host.send(`${host.adminUrl}/healthz`), { status: 200 }, 'the first one serves on');
});

t.test('a wrong configuration names the key and what is expected of it', async (t) => {
  const base = t.testdir({});
  const file = join(base, 'faas.json');
  const cases: readonly (readonly [text: string, says: RegExp])[] = [
    ['{"http":{"headerByte":1}}', /"http\.headerByte"[^]*no such key[^]*headerBytes/],
    [
      '{"defaults":{"memoryBytes":"lots"}}',
      /"defaults\.memoryBytes"[^]*it is the text "lots", not a number/,
    ],
    ['{"listen":', /stops being JSON at line 1/],
  ];
  for (const [text, says] of cases) {
    await writeFile(file, text);
    const finished = await runFaas([
      'serve',
      '--config',
      file,
      '--data-dir',
      join(base, 'data'),
      ...FREE,
    ]);
    t.match(finished, { code: 3, stdout: '' });
    t.match(finished.stderr, says);
  }
  await writeFile(file, '{"defaults":{"timeoutMs":"123ms"},"logLevel":"debug"}');
  const host = await startHostProcess(t, join(base, 'data'), ['--config', file]);
  await host.deploy('bad', misbehave());
  t.match(await host.call('/bad/sleep-forever'), { status: 504, error: { message: /123 ms/ } });
});

t.test(
  'serve --examples deploys every prebuilt example, and what it says to try works',
  async (t) => {
    const dataDir = join(t.testdir({}), 'data');
    const host = await startHostProcess(t, dataDir, ['--examples']);
    const expected = {
      'hello-rust': /^Hello from Rust\n$/,
      'echo-rust': /^hello$/,
      'files-rust': /<html/i,
      'upper-c': /^HELLO$/,
      'usage-rust': /^\{"cpuTime":\{"used":\d+,/,
    };
    for (const [name, says] of Object.entries(expected)) {
      const [, command = ''] = await host.process.until(
        'stderr',
        new RegExp(`^ {2}(curl .*/${name}/.*?) +# `, 'm'),
      );
      const { stdout } = await promisify(execFile)('sh', [
        '-c',
        command.replace('curl', 'curl -sS -m 20'),
      ]);
      t.match(stdout, says, command);
    }
    await host.process.until('stderr', /fetch-rust\/\?url=http:\/\/example\.com/);
    const answer = await host.call('/fetch-rust/?url=http://127.0.0.1:1/');
    t.match(
      answer,
      { status: 502, text: /HttpRequestDenied/ },
      'granted what it is for, and no more',
    );
    const finished = await host.process.end('SIGTERM');
    t.equal(finished.code, 0, 'also while it builds one more');
    const again = await startHostProcess(t, dataDir);
    t.match(await again.call('/hello-rust/'), { status: 200 }, 'they are there after a restart');
  },
);

t.test('a host in the foreground of a closed terminal does not linger', async (t) => {
  const host = await startHostProcess(t, join(t.testdir({}), 'data'));
  host.process.child.stdout?.destroy();
  host.process.child.stderr?.destroy();
  const { code } = await host.process.end('SIGINT');
  t.equal(code, 0);
  const help = new FaasProcess(['--help']);
  help.child.stdout?.destroy();
  t.equal((await help.finished()).code, 0, 'a reader that has gone is no error');
});
