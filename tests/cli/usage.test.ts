import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { EXIT_MEANINGS } from '../../cli/exit-codes.ts';
import { runFaas, runHere } from './run-faas.ts';

t.test('--help shows the commands and the exit codes, and ends well', async (t) => {
  const { code, stdout, stderr } = await runFaas(['--help']);
  t.equal(code, 0);
  t.equal(stderr, '');
  for (const command of [
    'new',
    'build',
    'dev',
    'doctor',
    'completion',
    'serve',
    'deploy',
    'list',
    'describe',
    'versions',
    'rollback',
    'invoke',
    'logs',
    'kv',
    'env',
    'bench',
    'reload',
    'resume',
    'delete',
    'token',
  ]) {
    t.match(stdout, new RegExp(`^  ${command}\\b`, 'm'), command);
  }
  for (const [exitCode, meaning] of EXIT_MEANINGS) {
    t.match(stdout, new RegExp(`^  ${exitCode} +${meaning.slice(0, 10)}`, 'm'), meaning);
  }
  const version = await runFaas(['--version']);
  t.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  t.equal(version.code, 0);
});

t.test('wrong use ends with 2, says what is wrong and what was probably meant', async (t) => {
  const cases: readonly (readonly [args: string[], stderr: RegExp])[] = [
    [[], /^Usage: faas/],
    [['token'], /^Usage: faas token/],
    [['lisst'], /^error: unknown command 'lisst' \(usage\)\n {2}fix: Did you mean list\?\n$/],
    [
      ['deploy', 'x.wasm', '--nmae', 'y'],
      /unknown option '--nmae'.*\n {2}fix: Did you mean --name\?/,
    ],
    [['token', 'create', 'x', '--scpe', 'y'], /Did you mean --scope\?/],
    [['invoke'], /missing required argument 'name'/],
    [['new', '-t', 'rust'], /missing required argument 'name'/],
    [['new', 'x', '-t', 'no-such'], /Cannot find the template "no-such"/],
    [['completion', 'tcsh'], /Cannot use shell "tcsh"/],
    [['list', 'extra'], /too many arguments/],
    [
      ['list', '--format', 'xml'],
      /Cannot use --format "xml": there is no such format .*\n {2}fix: Give "table" or "json"/,
    ],
    [
      ['deploy', 'x', '--memory', '64'],
      /Cannot read the size "64".*\n {2}fix: Write it like 64MiB/,
    ],
    [['deploy', 'x', '--timeout', 'soon'], /Cannot read the duration "soon"/],
    [['deploy', 'x', '--concurrency', '0'], /Cannot use --concurrency "0"/],
    [
      ['deploy', 'x', '--isolation', 'none'],
      /Cannot use --isolation "none".*\n {2}fix: Give "request" or "reuse"/,
    ],
    [['deploy', 'x', '--cpu', '50'], /Cannot read the duration "50"/],
    [['deploy', 'x', '--min-instances', '-1'], /Cannot use --min-instances "-1"/],
    [['deploy', 'x', '--max-instances', '0'], /Cannot use --max-instances "0".* at least 1/],
    [['deploy', 'x', '--max-instance-reuse-count', 'x'], /--max-instance-reuse-count "x"/],
    [['deploy', 'x', '--snapshot', 'always'], /Give "auto" or "shared-seed" or "never"/],
    [['deploy', 'x', '--max-rps', '0'], /Cannot use --max-rps "0"/],
    [['deploy', 'x', '--max-rps', '1e3'], /Cannot use --max-rps "1e3"/],
    [['deploy', 'x', '--env', 'NOVALUE'], /Cannot use --env "NOVALUE": it is not NAME=VALUE/],
    [['deploy', 'x', '--dir', 'public'], /Cannot use --dir "public": it is not HOST::GUEST/],
    [['deploy', 'x', '--dir', 'public::data'], /the path in the guest is not absolute/],
    [['deploy', '/no/such.wasm'], /Cannot read "\/no\/such.wasm": it does not exist/],
    [['deploy', import.meta.filename, '--name', '../etc'], /Cannot use the name "..\/etc"/],
    [['describe', 'App'], /Cannot use the name "App"/],
    [['logs', 'app', '--tail', 'all'], /Cannot use --tail "all"/],
    [['rollback', 'app', '--to', 'first'], /Cannot use --to "first"/],
    [['invoke', 'app', '-H', 'novalue'], /Cannot use --header "novalue"/],
    [['invoke', 'app', '-d', '@/no/such'], /Cannot read "\/no\/such": it does not exist/],
    [['token', 'create', 'x', '--scope', 'root'], /Cannot use --scope "root"/],
    [['list', '--admin', 'ftp://x'], /Cannot use --admin "ftp:\/\/x"/],
    [['delete', 'app'], /Cannot delete "app": nobody has confirmed it/],
  ];
  for (const [args, stderr] of cases) {
    const run = await runHere(args);
    t.equal(run.code, 2, args.join(' '));
    t.equal(run.stdout, '');
    t.match(run.stderr, stderr, args.join(' '));
    t.notMatch(run.stderr, /^ {4}at /m, 'no stack trace');
  }
});

t.test('a process ends with the code and one message too', async (t) => {
  const { code, stderr } = await runFaas(['lisst']);
  t.equal(code, 2);
  t.equal(stderr, "error: unknown command 'lisst' (usage)\n  fix: Did you mean list?\n");
});

t.test('a directory is deployed by its one component', async (t) => {
  const dir = t.testdir({ none: {}, two: { 'a.wasm': '', 'b.wasm': '' }, Ünter_wasser: {} });
  const none = await runHere(['deploy', join(dir, 'none')]);
  t.match(none, { code: 2, stderr: /Cannot deploy the directory ".*none": it has no .wasm file/ });
  const two = await runHere(['deploy', join(dir, 'two')]);
  t.match(two, { code: 2, stderr: /it has several: a.wasm, b.wasm.*\n {2}fix: .*app.wasm/ });
  await writeFile(join(dir, '___.wasm'), '');
  t.match(await runHere(['deploy', join(dir, '___.wasm')]), {
    code: 2,
    stderr: /Cannot use the name "___"/,
  });
});

t.test('no host ends with 5, no token with 6', async (t) => {
  const gone = await runFaas(['list', '--admin', 'http://127.0.0.1:1', '--token', 'x']);
  t.match(gone, {
    code: 5,
    stdout: '',
    stderr:
      /Cannot reach the host at "http:\/\/127.0.0.1:1": nothing listens there.*\n {2}fix: Start it/,
  });
  const missing = await runFaas(['list']);
  t.match(missing, { code: 6, stderr: /there is no token to send, there is no file/ });
});

t.test('FAAS_DEBUG=1 shows the stack, colours are for terminals only', async (t) => {
  const args = ['list', '--admin', '127.0.0.1:1', '--token', 'x'];
  const { stderr } = await runFaas(args, { environment: { FAAS_DEBUG: '1' } });
  t.match(stderr, /^ {4}at /m);
  t.notMatch(stderr, '\x1b[');
});

t.test('the token of the data directory goes to this machine only, unless told', async (t) => {
  const dir = t.testdir({ 'admin-token': 'faas_0123456789ab_secret\n' });
  const environment = { FAAS_DATA_DIR: dir };
  const elsewhere = ['list', '--admin', 'http://192.0.2.1.invalid:81'];
  t.match(await runHere(elsewhere, environment), {
    code: 6,
    stderr: /only sent to this machine/,
  });
  t.match(await runHere([...elsewhere, '--data-dir', dir]), { code: 5 });
  t.match(await runHere(['list', '--admin', '127.0.0.1:1'], environment), { code: 5 });
  t.match(await runHere(['list', '--admin', 'localhost:1', '--token', 'two words']), { code: 6 });
});
