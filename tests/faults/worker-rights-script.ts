/** What `workers-rights.test.ts` runs in the place of a worker: tries what a worker must not do, and says what came of it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  readdirSync,
  readFileSync,
  writeFileSync,
  symlinkSync,
  mkdirSync,
  rmSync,
  chmodSync,
} from 'node:fs';
import inspector from 'node:inspector';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASI } from 'node:wasi';
import { Worker } from 'node:worker_threads';
import { dropRights } from '../../host/cluster/drop-rights.ts';

const [, , , , dataDirectory = ''] = process.argv;

/** Tries all of them. The value is a code, or `allowed`. */
async function attempt(tasks: Readonly<Record<string, () => unknown>>): Promise<object> {
  const results: Record<string, string> = {};
  for (const [name, task] of Object.entries(tasks)) {
    try {
      await task();
      results[name] = 'allowed';
    } catch (error) {
      results[name] = String((error as NodeJS.ErrnoException).code ?? error);
    }
  }
  return results;
}

const thread = async (options: object = {}): Promise<void> => {
  const made = new Worker('0', { eval: true, ...options });
  await once(made, 'exit');
};
const wasi = (): WASI => new WASI({ version: 'preview1', preopens: { '/': '/' } });

const allowed = await attempt({
  'read what is stored': () => readdirSync(join(dataDirectory, 'artifacts')),
  'read what is prepared': () => readdirSync(join(dataDirectory, 'prepared')),
  'read how much memory there is': () => readFileSync('/proc/meminfo'),
  'read its own program': () => readFileSync(process.argv[1] ?? ''),
  listen: async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  },
  'make a thread before the drop': () => thread(),
});
dropRights();
const forbidden = await attempt({
  'read /etc/passwd': () => readFileSync('/etc/passwd'),
  'read the environment of others': () => readFileSync('/proc/1/environ'),
  'read its own memory map': () => readFileSync('/proc/self/maps'),
  'read the token': () => readFileSync(join(dataDirectory, 'admin-token')),
  'read the registry': () => readFileSync(join(dataDirectory, 'registry.sqlite')),
  'read out of a store by way of it': () =>
    readFileSync(`${dataDirectory}/artifacts/../admin-token`),
  'list the data directory': () => readdirSync(dataDirectory),
  'list /': () => readdirSync('/'),
  'write to the store': () => writeFileSync(join(dataDirectory, 'artifacts', 'x'), 'x'),
  'write to what is prepared': () => writeFileSync(join(dataDirectory, 'prepared', 'x'), 'x'),
  'write to the data directory': () => writeFileSync(join(dataDirectory, 'x'), 'x'),
  'write to the folder for temporary files': () => writeFileSync(join(tmpdir(), 'wf-x'), 'x'),
  'write its own program': () => writeFileSync(process.argv[1] ?? '', ''),
  'make a folder': () => mkdirSync(join(tmpdir(), 'wf-folder')),
  'make a link': () => symlinkSync('/etc/passwd', join(dataDirectory, 'artifacts', 'link')),
  'remove what is stored': () => rmSync(join(dataDirectory, 'artifacts'), { recursive: true }),
  'change rights': () => chmodSync(join(dataDirectory, 'artifacts'), 0o777),
  'start a process': () => spawnSync('true').error ?? Promise.reject(new Error('it ran')),
  'start a process that goes on': () => once(spawn('true'), 'exit'),
  'load an addon': () => process.dlopen({ exports: {} } as NodeJS.Module, '/nonexistent.node'),
  'make a thread': () => thread(),
  'make a thread with flags of its own': () => thread({ execArgv: [] }),
  'make a file system for a guest of Node': () => wasi(),
  'open the inspector': () => inspector.open(0, '127.0.0.1'),
  'attach to itself': () => new inspector.Session().connect(),
});
process.stdout.write(`${JSON.stringify({ allowed, forbidden })}\n`);
// The inspector, if it is open, would keep the process.
process.exit(0);
