import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { LINE_COMMANDS, outputs, type OutputCommand } from '../../cli/output/output-schemas.ts';
import { outputJsonSchema } from '../../cli/output/output-json-schema.ts';
import { openHarness, WASM } from '../admin/harness.ts';
import { checkOutput, OUTPUT_SCHEMA } from './check-output.ts';
import { fakeProject, PATH_ONLY } from './fake-project.ts';
import { runHere, startFaas } from './run-faas.ts';

/** Run by other tests, here and in dev-process.ts. */
const ELSEWHERE: readonly OutputCommand[] = ['dev', 'serve', 'build'];

t.test('the published JSON Schema is that of the commands', (t) => {
  const generated = outputJsonSchema();
  // TAP_SNAPSHOT=1 writes it anew; the format is that of oxfmt.
  if (process.env['TAP_SNAPSHOT'] === '1') writeFileSync(OUTPUT_SCHEMA, generated);
  t.same(JSON.parse(readFileSync(OUTPUT_SCHEMA, 'utf8')), JSON.parse(generated));
  t.end();
});

t.test('every command has --format json and a schema', async (t) => {
  const commandsOf = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await runHere([...args, '--help']);
    const [, list = ''] = stdout.split('\nCommands:\n');
    const names = [...list.matchAll(/^ {2}([a-z]+)[ |]/gm)].map(([, name = '']) => name);
    const own = names.filter((name) => name !== 'help');
    if (own.length === 0) {
      t.match(stdout, '--format <format>', args.join(' '));
      return [args.join(' ')];
    }
    return (await Promise.all(own.map((name) => commandsOf(...args, name)))).flat();
  };
  t.same((await commandsOf()).sort(), Object.keys(outputs).sort());
});

t.test('what commands write is as published', async (t) => {
  const dir = t.testdir({ 'app.wasm': WASM });
  const harness = await openHarness(t, {}, join(dir, 'data'));
  const environment = {
    ...PATH_ONLY,
    FAAS_ADMIN_URL: harness.url,
    FAAS_DATA_DIR: harness.dataDir,
  };
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const runs: readonly (readonly [command: OutputCommand, args: string, code?: number])[] = [
    ['new', ''],
    ['new', `greeter -t rust --dir ${join(dir, 'greeter')}`],
    ['completion', 'zsh'],
    ['doctor', ''],
    ['deploy', `${dir} --name app --key-value default --key-value a=b --max-rps 5`],
    ['list', ''],
    ['describe', 'app'],
    ['env set', 'app A=1 --secret b=2'],
    ['env list', 'app'],
    ['env unset', 'app A'],
    ['versions', 'app'],
    ['rollback', 'app'],
    ['invoke', 'app'],
    ['invoke', 'app /fail', 7],
    ['bench', `app --url ${url} --duration 20ms --warm-up 0ms --connections 1`],
    ['logs', 'app'],
    ['kv set', 'app k v --ttl 10m --metadata m'],
    ['kv get', 'app k'],
    ['kv list', 'app'],
    ['kv delete', 'app k'],
    ['resume', 'app'],
    ['reload', ''],
    ['token create', 'ci'],
    ['token list', ''],
    ['delete', 'app -y'],
  ];
  for (const [command, args, code = 0] of runs) {
    const words = `${command} ${args}`.split(' ').filter((word) => word !== '');
    const run = await runHere([...words, '--format', 'json'], environment);
    // A machine may have problems; that is not what this is about.
    if (command !== 'doctor') t.equal(run.code, code, `${command} ${run.stderr}`);
    const texts = LINE_COMMANDS.has(command) ? run.stdout.trimEnd().split('\n') : [run.stdout];
    for (const text of texts) t.doesNotThrow(() => checkOutput(command, JSON.parse(text)), command);
  }
  const tried = new Set<string>([...runs.map(([command]) => command), ...ELSEWHERE]);
  t.same(
    Object.keys(outputs).filter((command) => !tried.has(command)),
    [],
  );
});

t.test('what a build says is as published', async (t) => {
  const run = await runHere(['build', fakeProject(t), '--format', 'json'], PATH_ONLY);
  t.equal(run.code, 0);
  t.doesNotThrow(() => checkOutput('build', JSON.parse(run.stdout)));
});

t.test('a host says that it is ready in JSON', async (t) => {
  const dataDir = join(t.testdir({}), 'data');
  const flags = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', '1'];
  const host = startFaas(['serve', '--data-dir', dataDir, '--format', 'json', ...flags]);
  t.teardown(() => host.kill('SIGKILL'));
  host.stderr.resume();
  const [line] = (await once(host.stdout.setEncoding('utf8'), 'data')) as [string];
  t.doesNotThrow(() => checkOutput('serve', JSON.parse(line)));
  host.kill('SIGTERM');
  t.same(await once(host, 'exit'), [0, null]);
});

t.test('an error is one line of JSON on stderr', async (t) => {
  const { dataDir, url } = await openHarness(t);
  const environment = { FAAS_ADMIN_URL: url, FAAS_DATA_DIR: dataDir };
  const cases: readonly (readonly [args: readonly string[], error: object])[] = [
    [['describe', 'x', '--format', 'json'], { code: 'unknown_function', exitCode: 4 }],
    [['describe', '--format=json'], { code: 'usage', exitCode: 2 }],
    [['list', '--format', 'json', '--no-such'], { code: 'usage', exitCode: 2 }],
    [['build', '/no/where', '--format', 'json'], { code: 'manifest_missing', exitCode: 11 }],
  ];
  for (const [args, error] of cases) {
    const run = await runHere(args, environment);
    t.equal(run.stdout, '');
    const told = JSON.parse(run.stderr) as { error: { exitCode: number } };
    t.doesNotThrow(() => checkOutput('error', told));
    t.match(told, { error });
    t.equal(run.code, told.error.exitCode);
    t.match(run.stderr, /^[^\n]+\n$/, 'one line');
  }
  const plain = await runHere(['invoke', 'x', '-d', '--format', '--', 'json'], environment);
  t.match(plain.stderr, /^error: /, 'what stands for something else is no wish for JSON');
});
