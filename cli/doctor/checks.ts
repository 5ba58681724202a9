/** What `faas doctor` looks at: each check says what is there, whether that is enough, and the command that mends it. */
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { formatSize } from '../../host/base/units.ts';
import { checkTool } from '../build/toolchain.ts';
import type { Template } from '../project/templates.ts';

/** `missing`: a tool that only those need who use its language. */
export type CheckState = 'ok' | 'warning' | 'missing' | 'problem';

/** One finding. */
export interface CheckResult {
  readonly check: string;
  readonly state: CheckState;
  readonly detail: string;
  /** What mends it; absent if nothing is to be done. */
  readonly fix?: string;
}

/** What the checks look at. */
export interface DoctorWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly dataDir: string;
  readonly templates: readonly Template[];
}

/** That of `find-node.js`, which is not a part of the compiled form. */
export const LEAST_NODE = 26;
/** Mappings that let a host have some 50,000 memories; the default of Linux is 65,530. */
const MAPPINGS = 262_144;
/** Fewer open files than the default of 20,000 connections needs. */
const OPEN_FILES = 32_768;
const FREE_BYTES = 1024 ** 3;
/** Where `faas serve` listens if nothing else is said. */
const PORTS: readonly (readonly [what: string, port: number, flag: string])[] = [
  ['port of the functions', 8080, '--listen'],
  ['port of the admin API', 8081, '--admin'],
];
const ASK_MS = 1000;

/** Runs every check. */
export async function runChecks(world: DoctorWorld): Promise<readonly CheckResult[]> {
  return [
    checkNode(),
    ...(await checkKernel()),
    ...(await Promise.all(PORTS.map((port) => checkPort(...port)))),
    ...(await checkDataDirectory(world.dataDir)),
    ...checkToolchains(world),
  ];
}

function checkNode(): CheckResult {
  const { node, v8 } = process.versions;
  const detail = `${node}, V8 ${v8}, ${process.execPath}`;
  const isOld = Number(node.split('.')[0]) < LEAST_NODE;
  if (!isOld) return { check: 'Node', state: 'ok', detail };
  return { check: 'Node', state: 'problem', detail, fix: `Install Node ${LEAST_NODE} or newer` };
}

/** Limits of Linux; elsewhere there is nothing to read. */
async function checkKernel(): Promise<readonly CheckResult[]> {
  const mappings = Number(await readOr('/proc/sys/vm/max_map_count', ''));
  const limits = await readOr('/proc/self/limits', '');
  const files = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
  return [
    ...(mappings > 0 ? [checkMappings(mappings)] : []),
    ...(files === undefined ? [] : [checkOpenFiles(files)]),
  ];
}

function checkMappings(count: number): CheckResult {
  const check = 'memory mappings';
  const detail = `vm.max_map_count is ${count}`;
  if (count >= MAPPINGS) return { check, state: 'ok', detail };
  const fix = `sudo sysctl -w vm.max_map_count=${MAPPINGS}`;
  return { check, state: 'warning', detail: `${detail}: enough for some 10,000 instances`, fix };
}

function checkOpenFiles(limit: string): CheckResult {
  const check = 'open files';
  const detail = `the limit is ${limit}`;
  if (limit === 'unlimited' || Number(limit) >= OPEN_FILES) return { check, state: 'ok', detail };
  return { check, state: 'warning', detail, fix: `ulimit -n ${OPEN_FILES}` };
}

async function checkPort(what: string, port: number, flag: string): Promise<CheckResult> {
  const address = `127.0.0.1:${port}`;
  const reason = await tryListen(port);
  if (reason === undefined) return { check: what, state: 'ok', detail: `${address} is free` };
  if (await isHost()) return { check: what, state: 'ok', detail: `a host is there already` };
  const detail = `${address}: ${reason}`;
  const fix = `End the program there ("ss -ltnp 'sport = :${port}'"), or: faas serve ${flag} 127.0.0.1:0`;
  return { check: what, state: 'warning', detail, fix };
}

/** @returns Why it cannot be listened on, undefined if it can. */
async function tryListen(port: number): Promise<string | undefined> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  try {
    await listening;
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === 'EADDRINUSE' ? 'another program listens there' : code;
  } finally {
    server.close();
  }
}

/** Whether the admin API of a host answers at its usual address. */
async function isHost(): Promise<boolean> {
  try {
    const answer = await fetch('http://127.0.0.1:8081/healthz', {
      signal: AbortSignal.timeout(ASK_MS),
    });
    return ((await answer.json()) as { status?: unknown } | null)?.status === 'ok';
  } catch {
    return false;
  }
}

async function checkDataDirectory(path: string): Promise<readonly CheckResult[]> {
  const check = 'data directory';
  const existing = await nearestExisting(path);
  const isThere = existing === path;
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch {
    const who = isThere ? path : `${path} is not there, and ${existing}`;
    const fix = `sudo chown -R "$USER" '${existing}', or name another with --data-dir`;
    return [{ check, state: 'problem', detail: `${who} is not writable`, fix }];
  }
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const space: CheckResult = {
    check: 'disk space',
    state: 'ok',
    detail: `${formatSize(free)} free`,
  };
  const fix = `df -h '${existing}' shows the disk: free space on it, or name another with --data-dir`;
  return [
    { check, state: 'ok', detail: isThere ? path : `${path} (made by "faas serve")` },
    free >= FREE_BYTES ? space : { ...space, state: 'warning', fix },
  ];
}

/** Every tool that a template needs, once, with the languages that need it. */
function checkToolchains({ templates, environment }: DoctorWorld): readonly CheckResult[] {
  const users = new Map<string, string[]>();
  for (const { name, needs } of templates) {
    // Packages of npm belong to a project, not to the machine.
    for (const need of needs.filter((one) => !one.startsWith('npm:'))) {
      users.set(need, [...(users.get(need) ?? []), name]);
    }
  }
  return [...users].map(([need, names]) => {
    const { present, detail, install } = checkTool(need, { environment, folder: process.cwd() });
    const check = `${need} (${names.join(', ')})`;
    if (present) return { check, state: 'ok', detail };
    return { check, state: 'missing', detail: 'not installed', fix: install };
  });
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch {
    return dirname(path) === path ? path : nearestExisting(dirname(path));
  }
}

async function readOr(path: string, otherwise: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => otherwise);
}
