/** What the supervisor and the launcher tell each other, as plain data. */

import type { ListenAddress } from '../config/listen-address.ts';

/** How a worker is started. */
export interface WorkerSpec {
  /** `worker-7`. */
  readonly id: string;
  /** Arguments of Node: its flags, the script, what the script is given. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What the launcher says of itself. */
export interface LauncherView {
  readonly pid: number;
  /** Where the socket that it holds is bound. */
  readonly address: ListenAddress;
  readonly workers: readonly { readonly id: string; readonly pid: number }[];
}

/** A worker has ended. */
export interface WorkerExit {
  readonly id: string;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
