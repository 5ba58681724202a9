/** Rows of the registry database → the model: what the columns mean, in one place. */
import type { Digest, FunctionName, Namespace, VersionNumber } from '../base/ids.ts';
import type { Change, FunctionKind, FunctionRecord, Route, Version } from './model.ts';
import type { TokenRecord } from './registry.ts';
import { parseSettings } from './stored-settings.ts';

/** Columns of a version together with its function's key. */
export interface VersionRow {
  readonly function_id: number;
  readonly namespace: Namespace;
  readonly name: FunctionName;
  readonly number: VersionNumber;
  readonly artifact: Digest;
  readonly artifact_bytes: number;
  readonly prepared: Digest;
  readonly kind: FunctionKind;
  readonly settings: string;
  readonly version_created_ms: number;
  readonly created_by: string;
}

/** Columns of a function with its live version. */
export interface FunctionRow extends VersionRow {
  readonly created_ms: number;
  readonly updated_ms: number;
}

/** Columns of a change. */
export interface ChangeRow extends Omit<Change, 'atMs' | 'function'> {
  readonly at_ms: number;
  readonly function: FunctionName | null;
}

/** Columns of a token. */
export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: string;
  readonly secret_hash: string;
  readonly created_ms: number;
}

/** The columns of a `VersionRow`, from `functions f` joined with `versions v`. */
export const VERSION_COLUMNS = `v.function_id, f.namespace, f.name, v.number, v.artifact,
  v.artifact_bytes, v.prepared, v.kind, v.settings, v.created_ms AS version_created_ms, v.created_by`;

/** Makes a version of its row. */
export function versionFrom(row: VersionRow): Version {
  return {
    namespace: row.namespace,
    function: row.name,
    number: row.number,
    artifact: row.artifact,
    artifactBytes: row.artifact_bytes,
    prepared: row.prepared,
    kind: row.kind,
    settings: parseSettings(row.settings),
    createdMs: row.version_created_ms,
    createdBy: row.created_by,
  };
}

/** Makes a function of the row of its live version and its routes. */
export function functionFrom(row: FunctionRow, routes: readonly Route[]): FunctionRecord {
  return {
    namespace: row.namespace,
    name: row.name,
    live: versionFrom(row),
    routes,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
  };
}

/** Makes a change of its row. */
export function changeFrom(row: ChangeRow): Change {
  const { at_ms: atMs, by, action, namespace, detail } = row;
  return { atMs, by, action, namespace, function: row.function ?? undefined, detail };
}

/** Makes a token of its row. */
export function tokenFrom(row: TokenRow): TokenRecord {
  return {
    id: row.id,
    name: row.name,
    scopes: JSON.parse(row.scopes) as TokenRecord['scopes'],
    secretHash: row.secret_hash,
    createdMs: row.created_ms,
  };
}
