/**
 * Artifact → prepared artifact: the one that is stored, or one made now in a child process and stored. Whoever
 * wants the same at the same time shares the work, a deployment and a request that found it damaged too.
 */
import { performance } from 'node:perf_hooks';
import type { ArtifactStore, PreparedFile } from '../artifacts/store.ts';
import type { Closeable } from '../base/closeable.ts';
import { HostError } from '../base/errors.ts';
import { Gate } from '../base/gate.ts';
import type { Digest } from '../base/ids.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Config } from '../config/schema.ts';
import type { PreparedArtifact } from '../engine/engine.ts';
import { MANIFEST_FILE, type Manifest } from '../engine/manifest.ts';
import type { Log } from '../logs/log.ts';
import type { Observer } from '../metrics/observer.ts';
import { toStorageError } from '../storage/storage-error.ts';
import type { DeployStep } from './deployer.ts';
import type { EngineChoice } from './generate-code.ts';
import { preparedKey } from './prepared-key.ts';
import { prepareInProcess } from './prepare-process.ts';

/** What preparing works with. */
export interface PreparingParts {
  readonly config: Config;
  readonly artifacts: ArtifactStore;
  readonly observer: Observer;
  readonly log: Log;
  readonly engine: EngineChoice;
}

/** A prepared artifact with what deploy found out. */
export interface StoredPrepared extends PreparedArtifact {
  readonly findings: readonly string[];
}

/** One that was got for somebody. */
export interface GotPrepared extends StoredPrepared {
  /** Why it could not be stored, though it can be used. */
  readonly storeError?: HostError;
}

/** Those who may wait for a preparing process. */
const QUEUE = 64;

/** Name of the file that keeps what deploy found out. */
const FINDINGS_FILE = 'findings.json';

/** Finds and makes prepared artifacts. Closing it ends the preparing that is under way. */
export class PreparedArtifacts implements Closeable {
  readonly #parts: PreparingParts;
  readonly #processes: Gate;
  readonly #flights = new SingleFlight<Digest, GotPrepared>();
  readonly #closing = new AbortController();

  constructor(parts: PreparingParts) {
    this.#parts = parts;
    this.#processes = new Gate(Math.max(1, parts.config.deploy.concurrency), QUEUE);
  }

  close(): void {
    this.#closing.abort(new HostError('host_closing', {}));
  }

  /** Key under which an artifact's preparation is stored. */
  keyOf(artifact: Digest): Digest {
    return preparedKey(artifact, this.#parts.engine);
  }

  /** Reads what is stored; undefined if nothing is, or if it is damaged. */
  async find(artifact: Digest): Promise<StoredPrepared | undefined> {
    return (await this.#read(this.keyOf(artifact))).stored;
  }

  /**
   * Finds what is stored, and prepares the artifact if that is gone, damaged or of an older preparer.
   *
   * @throws {artifact_corrupt} If the uploaded bytes are damaged as well.
   * @throws {unknown_artifact} If they are gone.
   * @throws {deploys_overloaded} If too many wait for a preparing process.
   * @throws {HostError} With the code the preparing was refused with.
   */
  get(artifact: Digest, onStep: (step: DeployStep) => void): Promise<GotPrepared> {
    const key = this.keyOf(artifact);
    return this.#flights.run(key, async () => {
      const { stored, damage } = await this.#read(key);
      if (stored !== undefined) {
        onStep({ step: 'prepare', ms: 0, detail: 'the same bytes were prepared before' });
        return stored;
      }
      const { log, observer } = this.#parts;
      if (damage !== undefined) {
        log.warn({ artifact, err: damage }, 'prepared files are damaged: preparing anew');
      }
      const place = await this.#processes.acquire();
      if (place === undefined) throw new HostError('deploys_overloaded', { queue: QUEUE });
      using _place = place;
      const made = await this.#make(artifact, key, onStep);
      if (damage !== undefined) {
        observer.artifactDamage('mended');
        log.info({ artifact }, 'damaged prepared files were replaced');
      }
      return made;
    });
  }

  async #read(key: Digest): Promise<{ stored?: StoredPrepared; damage?: HostError }> {
    const { artifacts } = this.#parts;
    try {
      const files = await artifacts.loadPrepared(key);
      const manifest = readJson(files.get(MANIFEST_FILE)) as Manifest | undefined;
      const findings = readJson(files.get(FINDINGS_FILE)) as string[] | undefined;
      if (manifest === undefined || findings === undefined) return {};
      return { stored: { manifest, findings, files } };
    } catch (error) {
      const code = error instanceof HostError ? error.code : undefined;
      if (code === 'unknown_prepared') return {};
      if (code === 'artifact_corrupt') return { damage: error as HostError };
      throw error;
    }
  }

  async #make(
    artifact: Digest,
    key: Digest,
    onStep: (step: DeployStep) => void,
  ): Promise<GotPrepared> {
    const { artifacts, config, engine } = this.#parts;
    const scratch = await artifacts.openScratch();
    try {
      const job = {
        artifact,
        artifactPath: await artifacts.pathOf(artifact),
        scratchPath: scratch.path,
        memoryBytes: config.deploy.memoryBytes,
        maxImports: config.deploy.imports,
        engine,
      };
      const prepared = await prepareInProcess(job, config.deploy, onStep, this.#closing.signal);
      const { manifest, findings } = prepared;
      const files = [...prepared.files, jsonFile(FINDINGS_FILE, findings)];
      const storeError = await this.#store(key, files, onStep);
      const made = {
        manifest,
        findings,
        files: new Map(files.map(({ name, bytes }) => [name, bytes])),
      };
      return storeError === undefined ? made : { ...made, storeError };
    } finally {
      await scratch.remove();
    }
  }

  async #store(
    key: Digest,
    files: readonly PreparedFile[],
    onStep: (step: DeployStep) => void,
  ): Promise<HostError | undefined> {
    const startedMs = performance.now();
    try {
      await this.#parts.artifacts.putPrepared(key, files);
      const ms = performance.now() - startedMs;
      onStep({ step: 'store', ms, detail: `${files.length} files` });
      return undefined;
    } catch (error) {
      return toStorageError(error, 'store', key);
    }
  }
}

function jsonFile(name: string, value: unknown): PreparedFile {
  return { name, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}

function readJson(bytes: Uint8Array | undefined): unknown {
  return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
}
