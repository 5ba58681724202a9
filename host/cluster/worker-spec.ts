/** How a worker process is started: what it may do, and what it is told. */
import { join } from 'node:path';
import { modulePath, PACKAGE_ROOTS } from '../base/package-roots.ts';
import { TAGGED_FLAGS } from '../engine/code-cache.ts';
import type { WorkerSpec } from './launcher-messages.ts';
import type { RunDirectory } from './run-directory.ts';

/** Files of the system that tell how much there is left. */
const SYSTEM_FILES = ['/proc/meminfo', '/proc/sys/vm/max_map_count'];

/** Variables that a worker gets of the supervisor's environment: where certificates of others are. */
const INHERITED = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'TZ', 'PATH'];

/** Flags of Node that workers get too if the supervisor has them, by its command line or `NODE_OPTIONS`: how much they may take. */
const INHERITED_FLAGS = [
  /^--disable-wasm-trap-handler$/,
  /^--max[-_](?:old|semi)[-_]space[-_]size(?:[-_]percentage)?=[\d.]+$/,
  ...TAGGED_FLAGS,
];

/** What a worker is started with. */
export interface WorkerSpecParts {
  readonly release: string;
  readonly dataDirectory: string;
  readonly run: RunDirectory;
  /** Files that it reads besides those of the data directory: certificate and key. */
  readonly readable: readonly string[];
}

/**
 * Writes a worker's command. Under Node's permission model: it may use the network and read the package and the stores;
 * it may write nothing, start no processes and load no addons. Threads and the clock of `node:wasi` are allowed for its
 * start, and given up before a guest runs.
 */
export function createWorkerSpec(
  id: string,
  { release, dataDirectory, run, readable }: WorkerSpecParts,
): WorkerSpec {
  const folders = ['artifacts', 'prepared'].map((name) => join(dataDirectory, name, '*'));
  const paths = [...PACKAGE_ROOTS, ...folders, ...SYSTEM_FILES, ...readable];
  const environment: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return {
    id,
    arguments: [
      ...inheritedFlags(),
      '--permission',
      '--allow-net',
      '--allow-worker',
      '--allow-wasi',
      ...paths.map((path) => `--allow-fs-read=${path}`),
      '--disable-warning=PERM0005',
      '--disable-warning=PERM0006',
      '--disable-warning=ExperimentalWarning',
      modulePath('worker'),
      id,
      release,
      dataDirectory,
      run.supervisorSocket,
    ],
    environment,
  };
}

function inheritedFlags(): readonly string[] {
  const options = process.env.NODE_OPTIONS?.split(/\s+/) ?? [];
  const given = new Set([...process.execArgv, ...options]);
  return [...given].filter((flag) => INHERITED_FLAGS.some((pattern) => pattern.test(flag)));
}
