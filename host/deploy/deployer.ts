/** The port of deployment: uploaded bytes become a version that serves, or a coded refusal. */
import type { Digest, FunctionName, Namespace, VersionNumber } from '../base/ids.ts';
import type {
  FunctionBudget,
  FunctionKind,
  InstanceSettings,
  Isolation,
  KeyValueGrant,
  Route,
  SnapshotFile,
  Version,
  VersionLimits,
} from '../registry/model.ts';

/** What a user asks for. Limits left out are the host's defaults. */
export interface DeployRequest {
  readonly namespace: Namespace;
  readonly function: FunctionName;
  /** Uploaded before. */
  readonly artifact: Digest;
  readonly limits: Partial<VersionLimits>;
  readonly isolation: Isolation;
  readonly instances?: Partial<InstanceSettings>;
  readonly budget?: FunctionBudget;
  readonly serverTiming?: boolean;
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly config?: readonly (readonly [name: string, value: string])[];
  readonly secrets?: readonly (readonly [name: string, value: string])[];
  readonly keyValue?: readonly KeyValueGrant[];
  readonly allowedHosts: readonly string[];
  readonly directories: readonly string[];
  /** Uploaded before. */
  readonly files: readonly SnapshotFile[];
  readonly routes: readonly Route[];
  /** Refused with `version_moved` unless this version is live when all is ready. */
  readonly expectedLive?: VersionNumber;
}

/** One step of a deployment, reported when it is done. */
export interface DeployStep {
  /** `read`, `detect`, `adapt`, `names`, `imports`, `transpile`, `rewrite`, `compile`, `instantiate`, `verify`, `store`, `activate`. */
  readonly step: string;
  readonly ms: number;
  /** What was found out: `wasi:http component, 61 KB`. */
  readonly detail: string;
}

/** What a deployment came to. */
export interface DeployResult {
  readonly version: Version;
  /** `unchanged` if the same bytes with the same settings are live already. */
  readonly result: 'created' | 'unchanged';
  readonly kind: FunctionKind;
  /** What deploy found out: imports by package and version, engine, sizes. */
  readonly findings: readonly string[];
}

/** Deploys. */
export interface Deployer {
  /**
   * @param by Id of the token.
   * @param onStep Told of every finished step.
   * @throws {HostError} With the code that says what is wrong; nothing has changed then.
   */
  deploy(
    request: DeployRequest,
    by: string,
    onStep: (step: DeployStep) => void,
  ): Promise<DeployResult>;
  /**
   * What is known about a version: what of its stored bytes is damaged, and what deploy found out: how it is
   * served, its imports, its engine and why that one. Without the latter if nothing is prepared of it now.
   */
  loadFindings(version: Version): Promise<readonly string[]>;
}
