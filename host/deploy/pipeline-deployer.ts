/**
 * The deployment pipeline in the host: uploaded bytes → prepared artifact (in a child process) → a new
 * version that is live. Until the last step nothing has changed; a crash anywhere leaves what was.
 */
import { performance } from 'node:perf_hooks';
import type { ArtifactStore, StoredFile } from '../artifacts/store.ts';
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { HostError, toHostError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { Config } from '../config/schema.ts';
import type { PreparedArtifact } from '../engine/engine.ts';
import type { Manifest } from '../engine/manifest.ts';
import { PAGE_BYTES } from '../limits/memory-account.ts';
import type { Log } from '../logs/log.ts';
import type { Observer } from '../metrics/observer.ts';
import type { Version, VersionSettings } from '../registry/model.ts';
import type { Registry } from '../registry/registry.ts';
import { completeReuse, completeSettings } from './complete-settings.ts';
import type { Deployer, DeployRequest, DeployResult, DeployStep } from './deployer.ts';
import type { EngineChoice } from './generate-code.ts';
import { PreparedArtifacts } from './prepared-artifacts.ts';
import { Quarantine } from './quarantine.ts';

/** What the deployer works with. */
export interface PipelineParts {
  readonly config: Config;
  readonly artifacts: ArtifactStore;
  readonly registry: Registry;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly log: Log;
  /** Checks an outgoing grant; throws its coded error. */
  readonly checkAllowedHosts: (patterns: readonly string[]) => void;
  /** Engine to prepare for, `auto` if absent; tests force one. */
  readonly engine?: EngineChoice;
}

/** Failures that say nothing about the bytes: the next try may succeed. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'internal_error',
  'host_closing',
  'deploys_overloaded',
  'storage_full',
  'storage_readonly',
  'storage_failed',
  'files_exhausted',
]);

/** Deploys. Closing it ends the preparing that is under way. */
export class PipelineDeployer implements Deployer, Closeable {
  readonly #parts: PipelineParts;
  readonly #prepared: PreparedArtifacts;
  readonly #quarantine: Quarantine;
  readonly #unsubscribe: () => void;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#prepared = new PreparedArtifacts({ ...parts, engine: parts.engine ?? 'auto' });
    this.#quarantine = new Quarantine(parts);
    this.#unsubscribe = parts.registry.subscribe((snapshot) => this.#quarantine.follow(snapshot));
  }

  close(): void {
    this.#unsubscribe();
    this.#prepared.close();
  }

  async deploy(
    request: DeployRequest,
    by: string,
    onStep: (step: DeployStep) => void,
  ): Promise<DeployResult> {
    try {
      const result = await this.#deploy(request, by, onStep);
      this.#parts.observer.deploy(result.result);
      return result;
    } catch (error) {
      const refused = error instanceof HostError && error.blame === 'user';
      this.#parts.observer.deploy(refused ? 'refused' : 'failed');
      throw error;
    }
  }

  async loadFindings(version: Version): Promise<readonly string[]> {
    const { artifact } = version;
    const damage = this.#quarantine.describe(version);
    const found = await this.#prepared.find(artifact);
    return [...damage, ...(found?.findings ?? [])];
  }

  /**
   * Reads what was prepared of an artifact, and prepares it anew if that is gone, damaged or of an older
   * preparer. Done once for all who ask at the same time, and by a child process: other functions serve on.
   *
   * @throws {artifact_quarantined} If it cannot be prepared any more, because the uploaded bytes are damaged or
   *   gone, or this release refuses them.
   */
  load(artifact: Digest): Promise<PreparedArtifact> {
    return this.#unlessQuarantined(artifact, async () => {
      const prepared = await this.#prepared.get(artifact, () => {});
      const { storeError } = prepared;
      if (storeError !== undefined) {
        this.#parts.log.error({ artifact, err: storeError }, 'cannot keep what was prepared anew');
      }
      return prepared;
    });
  }

  /**
   * Opens a file of a snapshot.
   *
   * @throws {artifact_quarantined} If its bytes are damaged or gone.
   */
  openFile(digest: Digest): Promise<StoredFile> {
    return this.#unlessQuarantined(digest, () => this.#parts.artifacts.openFile(digest));
  }

  async #unlessQuarantined<T>(digest: Digest, use: () => Promise<T>): Promise<T> {
    this.#quarantine.check(digest);
    try {
      const result = await use();
      this.#quarantine.lift(digest);
      return result;
    } catch (error) {
      const coded = toHostError(error);
      if (PASSING.has(coded.code)) throw coded;
      throw this.#quarantine.add(digest, coded);
    }
  }

  async #deploy(
    request: DeployRequest,
    by: string,
    onStep: (step: DeployStep) => void,
  ): Promise<DeployResult> {
    const { artifacts, registry, config, checkAllowedHosts } = this.#parts;
    checkAllowedHosts(request.allowedHosts);
    const asked = completeSettings(request, config.defaults);
    await this.#checkFiles(request);
    const readMs = performance.now();
    const bytes = await artifacts.load(request.artifact);
    // Uploads may be as large as snapshot files.
    const limit = config.deploy.artifactBytes;
    if (bytes.byteLength > limit) throw new HostError('artifact_too_large', { limit });
    onStep({ step: 'read', ms: performance.now() - readMs, detail: `${bytes.byteLength} bytes` });
    const { manifest, findings, storeError } = await this.#prepared.get(request.artifact, onStep);
    if (storeError !== undefined) throw storeError;
    // Read and prepared just now: whatever was known against these bytes is over.
    this.#quarantine.lift(request.artifact);
    checkServable(manifest, asked);
    const settings = completeReuse(asked, request.instances ?? {}, manifest.entry.takesSeveral);
    const activateMs = performance.now();
    const { version, created } = await registry.commitVersion(
      {
        namespace: request.namespace,
        function: request.function,
        artifact: request.artifact,
        artifactBytes: bytes.byteLength,
        prepared: this.#prepared.keyOf(request.artifact),
        kind: manifest.kind,
        settings,
        routes: request.routes,
        ...(request.expectedLive === undefined ? {} : { expectedLive: request.expectedLive }),
      },
      by,
    );
    const detail = created
      ? `version ${version.number} is live`
      : `version ${version.number} is live already`;
    onStep({ step: 'activate', ms: performance.now() - activateMs, detail });
    return { version, result: created ? 'created' : 'unchanged', kind: manifest.kind, findings };
  }

  /** A damaged file may have been uploaded anew; if it was not, the deployment would not mend it. */
  async #checkMended(digest: Digest): Promise<void> {
    const stored = await this.#parts.artifacts.openFile(digest);
    await stored.close();
    this.#quarantine.lift(digest);
  }

  async #checkFiles(request: DeployRequest): Promise<void> {
    const { artifacts, config } = this.#parts;
    const { snapshotBytes, snapshotFiles } = config.deploy;
    const total = request.files.reduce((sum, file) => sum + file.size, 0);
    if (total > snapshotBytes || request.files.length > snapshotFiles) {
      throw new HostError('snapshot_too_large', {
        bytes: total,
        files: request.files.length,
        snapshotBytes,
        snapshotFiles,
      });
    }
    for (const { path, digest, size } of request.files) {
      const stored = await artifacts.sizeOf(digest);
      if (stored === undefined) throw new HostError('unknown_artifact', { digest });
      // The sum above is of what the client says.
      if (stored !== size) {
        const reason = `"${path}" has ${stored} bytes, and not ${size}`;
        throw new HostError('invalid_settings', { key: 'files', reason });
      }
      if (this.#quarantine.get(digest) !== undefined) await this.#checkMended(digest);
    }
  }
}

function checkServable(manifest: Manifest, settings: VersionSettings): void {
  if (manifest.kind === 'command' && settings.isolation === 'reuse') {
    throw new HostError('reuse_needs_http', {});
  }
  if (manifest.entry.isOnce === true && settings.isolation === 'reuse') {
    throw new HostError('reuse_takes_one_event', {});
  }
  const needed = initialMemoryBytes(manifest);
  const limit = settings.limits.memoryBytes;
  if (needed > limit) throw new HostError('memory_limit_at_start', { needed, limit });
}

/** What an instance has at the least: a version that lacks it would be live and never serve. */
function initialMemoryBytes({ modules }: Manifest): number {
  const own = modules.flatMap(({ memories }) =>
    memories.filter(({ importName }) => importName !== undefined),
  );
  return own.reduce((sum, { minPages }) => sum + minPages, 0) * PAGE_BYTES;
}
