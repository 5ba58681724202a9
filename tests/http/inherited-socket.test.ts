import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import t from 'tap';

const PROGRAM = join(import.meta.dirname, 'inherited-plane.ts');

t.test('planes of several processes serve on one inherited socket', async (t) => {
  const holder = createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const { fd } = (holder as unknown as { _handle: { fd: number } })._handle;
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit', fd] });
    t.teardown(() => child.kill('SIGKILL'));
    const [line] = (await once(child.stdout as Readable, 'data')) as [Buffer];
    t.same(JSON.parse(line.toString()), { host: '127.0.0.1', port }, 'the address is the socket’s');
    return child;
  };
  const children = [await start(), await start()];
  holder.close();
  const url = `http://127.0.0.1:${port}/app/`;
  for (const child of children) {
    const response = await fetch(url, { headers: { connection: 'close' } });
    t.match(await response.text(), /^from \d+$/);
    child.stdin?.end();
    const [code] = (await once(child, 'exit')) as [number];
    t.equal(code, 0, 'a plane that was closed holds nothing open');
  }
  await t.rejects(fetch(url), 'the last one closed the socket');
});

t.test('a descriptor that is no socket is a coded error', async (t) => {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'pipe', 'ignore'] });
  let text = '';
  child.stderr?.on('data', (piece: Buffer) => (text += piece.toString()));
  const [code] = (await once(child, 'close')) as [number];
  t.not(code, 0);
  t.match(text, /Cannot listen on "descriptor 3"/);
});
