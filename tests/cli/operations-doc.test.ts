/** The unit file, the container file and docs/operations.md say what the command and the configuration have. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAdminAddress, parseListenAddress } from '../../host/config/listen-address.ts';
import { loadConfig } from '../../host/config/load-config.ts';
import { runHere } from './run-faas.ts';

const docs = new URL('../../docs/', import.meta.url);
const unit = readFileSync(new URL('operations/wasi-faas.service', docs), 'utf8');
const container = readFileSync(new URL('operations/Containerfile', docs), 'utf8');
const page = readFileSync(new URL('operations.md', docs), 'utf8');

/** A setting of the unit file. */
function settingOf(key: string): string {
  return new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
}

/** An instruction of the container file that is a list. */
function listOf(instruction: string): readonly string[] {
  const text = new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(container)?.[1] ?? '[]';
  return JSON.parse(text) as string[];
}

/** The value of a flag among arguments. */
function flagOf(args: readonly string[], flag: string): string {
  return args[args.indexOf(flag) + 1] ?? '';
}

/** Flags of a command, from its help. */
async function flagsOf(command: string): Promise<ReadonlySet<string>> {
  const { stdout } = await runHere([command, '--help']);
  return new Set([...stdout.matchAll(/(?<= )--[a-z-]+/g)].map(([flag]) => flag));
}

t.test('whatever calls faas uses flags that there are', async (t) => {
  const calls = [settingOf('ExecStart'), settingOf('ExecReload')].map((line) => line.split(' '));
  calls.push(['faas', ...listOf('CMD')]);
  for (const [line] of page.matchAll(/^[^|`\n]*\bfaas (?:serve|reload|list)\b.*$/gm)) {
    calls.push(line.slice(line.indexOf('faas ')).split(/\s+/));
  }
  t.ok(calls.length >= 4, `${calls.length} calls`);
  for (const [, command = '', ...args] of calls) {
    const known = await flagsOf(command);
    const flags = args.filter((arg) => arg.startsWith('--'));
    t.same(
      flags.filter((flag) => !known.has(flag)),
      [],
      `${command} ${args.join(' ')}`,
    );
  }
});

t.test('the unit names one socket and one data directory, which systemd makes', async (t) => {
  const start = settingOf('ExecStart').split(' ');
  const reload = settingOf('ExecReload').split(' ');
  t.equal(flagOf(start, '--data-dir'), `/var/lib/${settingOf('StateDirectory')}`);
  const admin = flagOf(start, '--admin');
  t.same(parseAdminAddress(admin, '/'), {
    path: `/run/${settingOf('RuntimeDirectory')}/admin.sock`,
  });
  for (const flag of ['--admin', '--data-dir']) t.equal(flagOf(reload, flag), flagOf(start, flag));
  t.ok(page.includes(`--admin ${admin} --data-dir ${flagOf(start, '--data-dir')}`));
  t.ok(page.includes(`${flagOf(start, '--data-dir')}/registry.sqlite`));
  t.equal(start[0], reload[0]);
  t.ok(page.includes(`${start[0]} --version`), 'the page installs it there');
});

t.test('the unit is closed where it can be, and open where V8 needs it', (t) => {
  t.equal(settingOf('MemoryDenyWriteExecute'), 'no');
  t.equal(settingOf('ProtectSystem'), 'strict');
  t.equal(settingOf('NoNewPrivileges'), 'yes');
  t.equal(settingOf('KillMode'), 'mixed');
  t.equal(settingOf('ProcSubset'), '', 'the host reads files of the system');
  for (const [, key = ''] of page.matchAll(/^\| `([A-Za-z]+)=/gm)) {
    t.not(settingOf(key), '', `${key} of the page is in the unit`);
  }
  t.end();
});

t.test(
  'the container runs without root, writes to its volume, and is asked over its socket',
  (t) => {
    const dataDir = /FAAS_DATA_DIR=(\S+)/.exec(container)?.[1] ?? '';
    t.match(container, new RegExp(`^VOLUME ${dataDir}$`, 'm'));
    t.match(container, /^USER [1-9]\d*:[1-9]\d*$/m);
    const args = listOf('CMD');
    const address = parseAdminAddress(flagOf(args, '--admin'), dataDir);
    t.same(address, { path: join(dataDir, 'admin.sock') });
    t.ok(
      listOf('CMD').length > 0 &&
        container.includes(`socketPath: '${join(dataDir, 'admin.sock')}'`),
    );
    const { port } = parseListenAddress(flagOf(args, '--listen'), 'listen');
    t.match(container, new RegExp(`^EXPOSE ${port}$`, 'm'));
    t.ok(page.includes(`--publish ${port}:${port}`));
    t.ok(page.includes(`:${dataDir} `), 'the page mounts it');
    t.end();
  },
);

t.test('the configuration of the page is one', async (t) => {
  const json = /```json\n([^]*?)```/.exec(page)?.[1] ?? '';
  const file = join(t.testdir({ 'config.json': json }), 'config.json');
  const config = await loadConfig({
    file,
    environment: {},
    overrides: {},
    defaultDataDir: '/data',
  });
  t.match(config, { domain: 'functions.example.com', trustedProxies: ['127.0.0.1'] });
});
