/**
 * What the admin API answers, as far as commands use it and `host/admin/views.ts` does not say it
 * already. Types only: the same release speaks on both ends.
 */
import type { VersionView } from '../host/admin/views.ts';
import type { GuestLine } from '../host/logs/guest-line.ts';

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
  /** Release of the host. */
  readonly version?: string;
  readonly limits: {
    readonly artifactBytes: number;
    readonly snapshotBytes: number;
    readonly snapshotFiles: number;
  };
}

/** A log line, or how many were lost; a followed log begins with neither. */
export interface LogEventView {
  readonly line?: GuestLine;
  readonly lost?: number;
}

/** An invocation. */
export interface InvocationView {
  readonly requestId: string;
  readonly version: number;
  readonly outcome: string;
  readonly start?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly fix?: string };
  readonly durationMs: number;
  /** Absent if no instance was made. */
  readonly cpuMs?: number;
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodyBase64: string;
  readonly truncated: boolean;
  readonly logs: readonly GuestLine[];
}
