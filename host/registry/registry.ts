/**
 * The registry port: what is deployed, who may deploy, who changed what. Asynchronous, because its
 * drivers never run on a data plane's thread. Every change is one transaction and yields a new snapshot.
 */
import type { Closeable } from '../base/closeable.ts';
import type { Digest, FunctionName, Namespace, VersionNumber } from '../base/ids.ts';
import type {
  Change,
  FunctionKind,
  FunctionRecord,
  Route,
  RouteSnapshot,
  Version,
  VersionSettings,
} from './model.ts';

/** What a new version is made of; the registry gives it its number. */
export interface NewVersion {
  readonly namespace: Namespace;
  readonly function: FunctionName;
  readonly artifact: Digest;
  readonly artifactBytes: number;
  readonly prepared: Digest;
  readonly kind: FunctionKind;
  readonly settings: VersionSettings;
  /** Routes the function has from now on, replacing those it had. */
  readonly routes: readonly Route[];
  /** The version that must be live when it is added: what it was made from. Absent: any, or none. */
  readonly expectedLive?: VersionNumber;
}

/** An admin token as the registry keeps it: never the token itself. */
export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  /** `read`: look at everything; `deploy`: change functions; `admin`: tokens too. */
  readonly scopes: readonly ('read' | 'deploy' | 'admin')[];
  /** SHA-256 of the secret, 64 hexadecimal digits. */
  readonly secretHash: string;
  readonly createdMs: number;
}

/** Remembers functions, versions, aliases, routes, tokens and changes. */
export interface Registry extends Closeable {
  /** The state after the last change; never awaited by the data plane. */
  readonly snapshot: RouteSnapshot;
  /** Calls `listener` with each new snapshot, after the change is durable. Returns the way to stop. */
  subscribe(listener: (snapshot: RouteSnapshot) => void): () => void;
  /**
   * Adds a version and points `live` at it. The same artifact, prepared artifact, settings and routes as the
   * live version change nothing.
   *
   * @returns The live version, and whether it is new.
   * @throws {route_taken} If another function has one of the routes.
   * @throws {version_moved} If another version is live than the one that must be.
   */
  commitVersion(version: NewVersion, by: string): Promise<{ version: Version; created: boolean }>;
  /** All versions of a function, newest first; empty if there is no such function. */
  loadVersions(namespace: Namespace, name: FunctionName): Promise<readonly Version[]>;
  /**
   * Points `live` at another version.
   *
   * @param to The version, or undefined for the one that was live before the present one.
   * @throws {unknown_function} If nothing is deployed under the name.
   * @throws {unknown_version} If the function has no such version, or none before.
   */
  moveAlias(
    namespace: Namespace,
    name: FunctionName,
    to: VersionNumber | undefined,
    by: string,
  ): Promise<FunctionRecord>;
  /**
   * Deletes a function with all versions and routes.
   *
   * @throws {unknown_function} If nothing is deployed under the name.
   */
  deleteFunction(namespace: Namespace, name: FunctionName, by: string): Promise<void>;
  /** Changes, newest first. */
  loadChanges(limit: number): Promise<readonly Change[]>;
  /** Digests that some version needs: artifacts, prepared artifacts and snapshot files. */
  loadReferences(): Promise<{
    artifacts: ReadonlySet<Digest>;
    prepared: ReadonlySet<Digest>;
    files: ReadonlySet<Digest>;
  }>;
  /** Tokens; few, so all at once. */
  loadTokens(): Promise<readonly TokenRecord[]>;
  /** @throws {token_exists} If a token of that name exists. */
  addToken(token: TokenRecord, by: string): Promise<void>;
}
