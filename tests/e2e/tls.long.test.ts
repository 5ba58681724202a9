/** `faas serve --tls-cert --tls-key` as a process: both versions of HTTP, a renewed certificate, what is refused at start. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { example } from '../guests/guests.ts';
import { createCertificate } from '../http/test-certificate.ts';
import { ask, openSession, writePair } from '../http/tls-plane.ts';
import { FaasProcess, runFaas } from './host-process.ts';

t.test('a host serves TLS, and takes a renewed certificate without a restart', async (t) => {
  const base = t.testdir({ data: {} });
  const certificate = createCertificate('first');
  const files = await writePair(base, certificate);
  const dataDir = join(base, 'data', 'host');
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', '1'];
  const tlsFlags = ['--tls-cert', files.cert, '--tls-key', files.key];
  const host = new FaasProcess(['serve', '--data-dir', dataDir, ...ports, ...tlsFlags]);
  t.teardown(() => host.end('SIGKILL'));
  const [, portText, adminUrl = ''] = await host.until(
    'stdout',
    /^ready data=https?:\/\/127\.0\.0\.1:(\d+) admin=(http:\S+)$/m,
  );
  const port = Number(portText);
  const component = join(base, 'hello.wasm');
  await writeFile(component, example('hello-rust'));
  const deployed = await runFaas(['deploy', component, '--name', 'hello'], {
    environment: { FAAS_ADMIN_URL: adminUrl, FAAS_DATA_DIR: dataDir },
  });
  t.equal(deployed.code, 0, deployed.stderr);

  const session = await openSession(t, { port, certificate });
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask(session, { ':path': '/hello/' })),
  );
  t.ok(answers.every(({ text }) => text === 'Hello from Rust\n'));

  await writePair(base, createCertificate('second'));
  while ((await shownName(port)) !== 'second') {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  t.match(await ask(session, { ':path': '/hello/' }), { status: 200 }, 'the old connection stays');
  const closed = once(session, 'close');
  t.match(await host.end('SIGTERM'), { code: 0 });
  await closed;
});

t.test('a certificate without its key, and a missing file, end the start', async (t) => {
  const base = t.testdir({ data: {} });
  const { cert } = await writePair(base, createCertificate());
  const serve = ['serve', '--data-dir', join(base, 'data', 'host'), '--listen', '127.0.0.1:0'];
  const more = ['--admin', '127.0.0.1:0', '--workers', '1', '--tls-cert', cert];
  t.match(await runFaas([...serve, ...more]), { stderr: /invalid_setting|"tls\.key"/ });
  const missing = await runFaas([...serve, ...more, '--tls-key', join(base, 'none.pem')]);
  t.not(missing.code, 0);
  t.match(missing.stderr, /none\.pem" for TLS: it does not exist/);
});

/** The name of the certificate that a new connection is shown. */
async function shownName(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}
