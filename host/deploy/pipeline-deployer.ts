/**
 * The deployment pipeline in the host: uploaded bytes → prepared artifact (in a child process) → a new
 * version that is live. Until the last step nothing has changed; a crash anywhere leaves what was.
 */
import { performance } from 'node:perf_hooks';
import type { ArtifactStore } from '../artifacts/store.ts';
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import { Gate } from '../base/gate.ts';
import type { Digest } from '../base/ids.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Config } from '../config/schema.ts';
import type { PreparedArtifact } from '../engine/engine.ts';
import { MANIFEST_FILE, type Manifest } from '../engine/manifest.ts';
import { PAGE_BYTES } from '../limits/memory-account.ts';
import type { Observer } from '../metrics/observer.ts';
import type { VersionSettings } from '../registry/model.ts';
import type { Registry } from '../registry/registry.ts';
import type { Deployer, DeployRequest, DeployResult, DeployStep } from './deployer.ts';
import type { EngineChoice } from './generate-code.ts';
import { preparedKey } from './prepared-key.ts';
import { prepareInProcess } from './prepare-process.ts';

/** What the deployer works with. */
export interface PipelineParts {
  readonly config: Config;
  readonly artifacts: ArtifactStore;
  readonly registry: Registry;
  readonly observer: Observer;
  /** Checks an outgoing grant; throws its coded error. */
  readonly checkAllowedHosts: (patterns: readonly string[]) => void;
  /** Engine to prepare for, `auto` if absent; tests force one. */
  readonly engine?: EngineChoice;
}

/** Deployments that may wait for a preparing process. */
const QUEUE = 64;

interface PreparedFacts {
  readonly manifest: Manifest;
  readonly findings: readonly string[];
}

/** Deploys. Closing it ends the preparing that is under way. */
export class PipelineDeployer implements Deployer, Closeable {
  readonly #parts: PipelineParts;
  readonly #processes: Gate;
  readonly #flights = new SingleFlight<Digest, PreparedFacts>();
  readonly #closing = new AbortController();
  readonly #engine: EngineChoice;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#engine = parts.engine ?? 'auto';
    this.#processes = new Gate(Math.max(1, parts.config.deploy.concurrency), QUEUE);
  }

  close(): void {
    this.#closing.abort(new HostError('host_closing', {}));
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

  async loadFindings(artifact: Digest): Promise<readonly string[]> {
    const stored = await this.#findPrepared(preparedKey(artifact, this.#engine));
    return stored?.findings ?? [];
  }

  /**
   * Reads what was prepared of an artifact, and prepares it anew if that is gone, damaged or of an older
   * preparer.
   *
   * @throws {HostError} If it cannot be prepared any more.
   */
  async load(artifact: Digest): Promise<PreparedArtifact> {
    const key = preparedKey(artifact, this.#engine);
    const stored = await this.#findPrepared(key);
    if (stored !== undefined) return stored;
    await this.#prepare(artifact, key, () => {});
    const files = await this.#parts.artifacts.loadPrepared(key);
    const manifest = readJson(files.get(MANIFEST_FILE)) as Manifest | undefined;
    if (manifest === undefined) throw new HostError('artifact_corrupt', { digest: key });
    return { manifest, files };
  }

  async #deploy(
    request: DeployRequest,
    by: string,
    onStep: (step: DeployStep) => void,
  ): Promise<DeployResult> {
    const { artifacts, registry, config, checkAllowedHosts } = this.#parts;
    checkAllowedHosts(request.allowedHosts);
    const settings = settingsOf(request, config);
    await this.#checkFiles(request);
    const readMs = performance.now();
    const bytes = await artifacts.load(request.artifact);
    // Uploads may be as large as snapshot files.
    const limit = config.deploy.artifactBytes;
    if (bytes.byteLength > limit) throw new HostError('artifact_too_large', { limit });
    onStep({ step: 'read', ms: performance.now() - readMs, detail: `${bytes.byteLength} bytes` });
    const prepared = preparedKey(request.artifact, this.#engine);
    const { manifest, findings } = await this.#prepare(request.artifact, prepared, onStep);
    checkServable(manifest, settings);
    const activateMs = performance.now();
    const { version, created } = await registry.commitVersion(
      {
        namespace: request.namespace,
        function: request.function,
        artifact: request.artifact,
        artifactBytes: bytes.byteLength,
        prepared,
        kind: manifest.kind,
        settings,
        routes: request.routes,
      },
      by,
    );
    const detail = created
      ? `version ${version.number} is live`
      : `version ${version.number} is live already`;
    onStep({ step: 'activate', ms: performance.now() - activateMs, detail });
    return { version, result: created ? 'created' : 'unchanged', kind: manifest.kind, findings };
  }

  /** Finds or makes the prepared artifact; concurrent deployments of the same bytes share the work. */
  #prepare(
    artifact: Digest,
    key: Digest,
    onStep: (step: DeployStep) => void,
  ): Promise<PreparedFacts> {
    return this.#flights.run(key, async () => {
      const stored = await this.#findPrepared(key);
      if (stored !== undefined) {
        onStep({ step: 'prepare', ms: 0, detail: 'the same bytes were prepared before' });
        return stored;
      }
      const place = await this.#processes.acquire();
      if (place === undefined) throw new HostError('deploys_overloaded', { queue: QUEUE });
      using _place = place;
      return await this.#prepareFresh(artifact, key, onStep);
    });
  }

  async #prepareFresh(
    artifact: Digest,
    key: Digest,
    onStep: (step: DeployStep) => void,
  ): Promise<PreparedFacts> {
    const { artifacts, config } = this.#parts;
    const scratch = await artifacts.openScratch();
    try {
      const job = {
        artifactPath: await artifacts.pathOf(artifact),
        scratchPath: scratch.path,
        memoryBytes: config.deploy.memoryBytes,
        maxImports: config.deploy.imports,
        engine: this.#engine,
      };
      const { manifest, files, findings } = await prepareInProcess(
        job,
        config.deploy,
        onStep,
        this.#closing.signal,
      );
      const storeMs = performance.now();
      const facts = {
        name: FINDINGS_FILE,
        bytes: new TextEncoder().encode(JSON.stringify(findings)),
      };
      await artifacts.putPrepared(key, [...files, facts]);
      onStep({ step: 'store', ms: performance.now() - storeMs, detail: `${files.length} files` });
      return { manifest, findings };
    } finally {
      await scratch.remove();
    }
  }

  async #findPrepared(key: Digest): Promise<(PreparedFacts & PreparedArtifact) | undefined> {
    const { artifacts } = this.#parts;
    if (!(await artifacts.hasPrepared(key))) return undefined;
    try {
      const files = await artifacts.loadPrepared(key);
      const manifest = readJson(files.get(MANIFEST_FILE)) as Manifest | undefined;
      const findings = readJson(files.get(FINDINGS_FILE)) as string[] | undefined;
      if (manifest === undefined || findings === undefined) return undefined;
      return { manifest, findings, files };
    } catch (error) {
      // What was stored is damaged; preparing it again replaces it.
      if (error instanceof HostError && error.code === 'artifact_corrupt') return undefined;
      throw error;
    }
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
    }
  }
}

/** Name of the file that keeps what deploy found out. */
const FINDINGS_FILE = 'findings.json';

function settingsOf(request: DeployRequest, { defaults }: Config): VersionSettings {
  return {
    limits: { ...defaults, ...request.limits },
    isolation: request.isolation,
    environment: request.environment,
    allowedHosts: request.allowedHosts,
    directories: request.directories,
    files: request.files,
  };
}

function checkServable(manifest: Manifest, settings: VersionSettings): void {
  if (manifest.kind === 'command' && settings.isolation === 'reuse') {
    throw new HostError('reuse_needs_http', {});
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

function readJson(bytes: Uint8Array | undefined): unknown {
  return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
}
