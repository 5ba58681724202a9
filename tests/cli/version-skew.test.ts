import { once } from 'node:events';
import { createServer } from 'node:http';
import t, { type Test } from 'tap';
import { EXIT } from '../../cli/exit-codes.ts';
import { runHere, type FaasRun } from './run-faas.ts';

/** A host that only says its release, and has no functions. */
async function listAgainst(t: Test, version: unknown, own: string): Promise<FaasRun> {
  const server = createServer((request, response) => {
    const body = request.url === '/v1/host' ? { version } : { functions: [] };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return runHere(['list', '--admin', `127.0.0.1:${port}`, '--token', 'x'], {}, own);
}

t.test('another major release is refused, another minor one is told', async (t) => {
  const warning = /^warning: the host is of release 1.3.0, this command of 1.2.9: what/;
  const cases: readonly (readonly [host: unknown, own: string, code: number, stderr: RegExp])[] = [
    ['1.2.3', '1.2.9', 0, /^nothing is deployed/],
    ['1.3.0', '1.2.9', 0, warning],
    ['1.3.0-rc.1', '1.2.9', 0, /^nothing is deployed/],
    [
      '2.0.0',
      '1.2.9',
      EXIT.versionSkew,
      /of release 2.0.0, and this command of 1.2.9.*\n {2}fix: /,
    ],
    ['2.0.0-rc.1', '1.2.9', EXIT.versionSkew, /\(version_skew\)/],
    [undefined, '1.2.9', 0, /^nothing is deployed/],
    ['2.0.0', 'unknown', 0, /^nothing is deployed/],
  ];
  for (const [host, own, code, stderr] of cases) {
    const run = await listAgainst(t, host, own);
    t.match(run, { code, stderr }, `${String(host)} and ${own}`);
  }
});
