/**
 * Runs the preparing of an artifact in a disposable child process: hostile bytes never meet a data
 * plane's loop, and time and memory are bounded from outside.
 *
 * The child may read the package and the artifact, write its scratch directory, and nothing else: no
 * network, no processes, no addons (Node's permission model).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError, type ErrorFields } from '../base/errors.ts';
import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts';
import { digestOf, type Digest } from '../base/ids.ts';
import { modulePath, PACKAGE_ROOTS } from '../base/package-roots.ts';
import type { PreparedFile } from '../artifacts/store.ts';
import { TAGGED_FLAGS } from '../engine/code-cache.ts';
import type { Manifest } from '../engine/manifest.ts';
import { toStorageError } from '../storage/storage-error.ts';
import type { DeployStep } from './deployer.ts';
import type { EngineChoice } from './generate-code.ts';

/** What the child is told. */
export interface PrepareJob {
  /** Digest that the bytes must have; absent, they are taken as they are. */
  readonly artifact?: Digest;
  readonly artifactPath: string;
  readonly scratchPath: string;
  readonly memoryBytes: number;
  readonly maxImports: number;
  readonly engine: EngineChoice;
}

/** What the child tells. */
export type PrepareMessage =
  | { readonly kind: 'step'; readonly step: DeployStep }
  | {
      readonly kind: 'done';
      readonly manifest: Manifest;
      readonly files: readonly { readonly name: string; readonly digest: string }[];
      readonly findings: readonly string[];
    }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly fields: ErrorFields };

/** What preparing came to. */
export interface Prepared {
  readonly manifest: Manifest;
  readonly files: readonly PreparedFile[];
  readonly findings: readonly string[];
}

/** Bounds of the child. */
export interface PrepareLimits {
  readonly timeoutMs: number;
  /** Resident memory, where the system tells it; half of it is the limit of the child's JavaScript heap. */
  readonly memoryBytes: number;
}

/** Why the host ends a child. */
type EndReason = 'timeout' | 'memory' | 'closing';

/** How often the child's resident memory is looked at, ms. */
const MEMORY_CHECK_MS = 50;

/** Kept of what the child prints before it dies. */
const MAX_STDERR = 4000;

/**
 * Prepares an artifact.
 *
 * @param signal Ends it: the host is closing.
 * @throws {HostError} `prepare_timeout`, `prepare_memory`, `prepare_crashed`, `host_closing`, or the code the
 *   child refused with.
 */
export async function prepareInProcess(
  job: PrepareJob,
  limits: PrepareLimits,
  onStep: (step: DeployStep) => void,
  signal: AbortSignal,
): Promise<Prepared> {
  signal.throwIfAborted();
  const done = await runChild(job, limits, onStep, signal);
  const files: PreparedFile[] = [];
  for (const { name, digest } of done.files) {
    const bytes = await readFile(join(job.scratchPath, name)).catch((error: unknown) => {
      throw toStorageError(error, 'read', 'prepared file');
    });
    // The child wrote this file; between it and us there is a disk that may be full or failing.
    if (digestOf(bytes) !== digest)
      throw new HostError('prepare_crashed', { reason: `file "${name}" was not written whole` });
    files.push({ name, bytes });
  }
  return { manifest: done.manifest, files, findings: done.findings };
}

async function runChild(
  job: PrepareJob,
  limits: PrepareLimits,
  onStep: (step: DeployStep) => void,
  signal: AbortSignal,
): Promise<Extract<PrepareMessage, { kind: 'done' }>> {
  const child = startChild(job, limits);
  let printed = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-MAX_STDERR);
  });
  let why: EndReason | undefined;
  const end = (reason: EndReason): void => {
    why ??= reason;
    child.kill('SIGKILL');
  };
  const stopWatch = watchMemory(child, limits.memoryBytes, () => end('memory'));
  const timer = setTimeout(() => end('timeout'), limits.timeoutMs);
  const onClosing = (): void => end('closing');
  signal.addEventListener('abort', onClosing, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      child.on('message', (message: PrepareMessage) => {
        if (message.kind === 'step') onStep(message.step);
        else if (message.kind === 'done') resolve(message);
        else reject(refusalOf(message));
      });
      child.on('error', (error) => reject(startFailureOf(error)));
      child.on('exit', (code, by) => reject(deathOf(why, limits, code, by, printed)));
      // One that could not be started has no channel, and its error is on the way.
      if (child.pid !== undefined) child.send(job);
    });
  } finally {
    signal.removeEventListener('abort', onClosing);
    clearTimeout(timer);
    stopWatch();
    child.kill('SIGKILL');
  }
}

function startChild(job: PrepareJob, limits: PrepareLimits): ChildProcess {
  const script = modulePath('deploy/prepare-child');
  const heapMib = Math.max(64, Math.floor(limits.memoryBytes / 2 ** 21));
  return fork(script, [String(process.pid)], {
    execArgv: [
      ...process.execArgv.filter((flag) => TAGGED_FLAGS.some((tagged) => tagged.test(flag))),
      `--max-old-space-size=${heapMib}`,
      '--permission',
      // For the child's watch on its parent, and for preview2-shim, which starts a thread when it is
      // loaded; the child drops the right then.
      '--allow-worker',
      '--disable-warning=PERM0006',
      ...PACKAGE_ROOTS.map((root) => `--allow-fs-read=${root}`),
      `--allow-fs-read=${job.artifactPath}`,
      `--allow-fs-read=${join(job.scratchPath, '*')}`,
      `--allow-fs-write=${join(job.scratchPath, '*')}`,
    ],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** Looks at the child's resident memory on Linux; elsewhere its heap limit alone holds. @returns How to stop. */
function watchMemory(child: ChildProcess, limitBytes: number, onExceeded: () => void): () => void {
  const PAGE = 4096;
  const look = async (): Promise<void> => {
    const text = await readFile(`/proc/${child.pid}/statm`, 'utf8');
    if (Number(text.split(' ')[1]) * PAGE > limitBytes) onExceeded();
  };
  if (process.platform !== 'linux') return () => {};
  const timer = setInterval(() => {
    look().catch(() => {
      // The child has ended; its exit is reported elsewhere.
    });
  }, MEMORY_CHECK_MS);
  return () => clearInterval(timer);
}

/** A host out of descriptors can do nothing for a deployment, and it is not the artifact's fault. */
function startFailureOf(error: Error): HostError {
  const coded = toStorageError(error, 'start', 'preparing process');
  if (coded.code === 'files_exhausted') return coded;
  return new HostError('prepare_crashed', { reason: error.message }, { cause: error });
}

function refusalOf(message: Extract<PrepareMessage, { kind: 'refused' }>): HostError {
  const known = message.code in ERROR_CODES;
  return known
    ? new HostError(message.code, message.fields)
    : new HostError('prepare_crashed', { reason: 'unknown refusal' });
}

function deathOf(
  why: EndReason | undefined,
  limits: PrepareLimits,
  code: number | null,
  signal: NodeJS.Signals | null,
  printed: string,
): HostError {
  if (why === 'closing') return new HostError('host_closing', {});
  if (why === 'timeout') return new HostError('prepare_timeout', { limit: limits.timeoutMs });
  if (why === 'memory' || /heap out of memory|allocation failed/i.test(printed)) {
    return new HostError('prepare_memory', { limit: limits.memoryBytes });
  }
  const reason = `the preparing process ended with ${signal ?? `code ${code}`}`;
  return new HostError('prepare_crashed', { reason }, { cause: new Error(printed) });
}
