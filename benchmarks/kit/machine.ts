/** What a result was measured on: without it, a figure says nothing. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** The machine and what ran on it. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  /** Load average of 1, 5 and 15 minutes when the run began: others use the machine too. */
  readonly loadAverage: readonly number[];
  /** Commit of this checkout, with `-dirty` if files differ from it; `unknown` outside of one. */
  readonly commit: string;
  /** Release of this package and of what the figures depend on most. */
  readonly versions: Readonly<Record<string, string>>;
}

const DEPENDENCIES = ['@bytecodealliance/jco-transpile', 'fastify', 'undici'];

/** Describes this machine now. */
export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    loadAverage: loadavg(),
    commit: readCommit(),
    versions: readVersions(),
  };
}

function readCommit(): string {
  const cwd = new URL('../..', import.meta.url);
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // Without git there is no output at all.
  return stdout?.trim() || 'unknown';
}

function readVersions(): Readonly<Record<string, string>> {
  const path = new URL('../../package.json', import.meta.url);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const entries = DEPENDENCIES.map((name) => [name, manifest.dependencies[name] ?? 'unknown']);
  return { 'wasi-faas': manifest.version, ...Object.fromEntries(entries) };
}
