import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startHostProcess } from './host-process.ts';

t.test('a Ctrl-C that arrives twice at once closes the host in order', async (t) => {
  const dataDir = join(t.testdir({}), 'data');
  const host = await startHostProcess(t, dataDir);
  // The terminal tells the whole process group, and npm and faas.js pass on what they are told.
  host.process.child.kill('SIGINT');
  const { code, signal } = await host.process.end('SIGINT');
  t.strictSame({ code, signal }, { code: 0, signal: null });
  t.notOk((await readdir(dataDir)).includes('host.json'), 'the data directory was given back');
});
