/** What the admin API answers, as far as commands use it. The same release speaks on both ends. */

/** A version. */
export interface VersionView {
  readonly function: string;
  readonly version: number;
  readonly live: boolean;
  readonly kind: string;
  readonly artifact: string;
  readonly artifactBytes: number;
  readonly isolation: string;
  readonly limits: {
    readonly memoryBytes: number;
    readonly timeoutMs: number;
    readonly concurrency: number;
    readonly queue: number;
    readonly requestBodyBytes: number;
    readonly responseBodyBytes: number;
    readonly logBytes: number;
  };
  readonly environment: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly directories: readonly string[];
  readonly files: { readonly count: number; readonly bytes: number };
  readonly createdMs: number;
  readonly createdBy: string;
}

/** A function. */
export interface FunctionView {
  readonly name: string;
  readonly live: VersionView;
  readonly routes: readonly { readonly host: string; readonly path: string }[];
  readonly urls: readonly string[];
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** What a deployment came to. */
export interface DeployResultView {
  readonly result: 'created' | 'unchanged';
  readonly kind: string;
  readonly findings: readonly string[];
  readonly version: VersionView;
  readonly urls: readonly string[];
}

/** The host. */
export interface HostView {
  readonly limits: {
    readonly artifactBytes: number;
    readonly snapshotBytes: number;
    readonly snapshotFiles: number;
  };
}

/** A log line. */
export interface LogLineView {
  readonly atMs: number;
  readonly version: number;
  readonly requestId: string;
  readonly stream: 'stdout' | 'stderr' | 'host';
  readonly text: string;
}

/** An invocation. */
export interface InvocationView {
  readonly requestId: string;
  readonly version: number;
  readonly outcome: string;
  readonly start?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly fix?: string };
  readonly durationMs: number;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodyBase64: string;
  readonly truncated: boolean;
  readonly logs: readonly LogLineView[];
}

/** A token without its secret. */
export interface TokenView {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdMs: number;
}
