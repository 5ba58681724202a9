/** What is started beside ours: something that answers the same hello over HTTP once it runs. */

/** A peer that can be started again and again. */
export interface PreparedPeer {
  /**
   * Starts it.
   *
   * @param port Where it is to listen on 127.0.0.1.
   */
  start(port: number): Promise<RunningPeer>;
  /** Version of what runs it, for the report. */
  readonly version: string;
  /** Ends what was prepared; absent: nothing runs. */
  close?(): Promise<void>;
}

/** A started peer. */
export interface RunningPeer {
  /** Resolves when it has ended, also by itself; absent where that cannot be known. */
  readonly ended?: Promise<unknown>;
  stop(): Promise<void>;
}

/** A peer. */
export interface Peer {
  readonly name: string;
  /** What is counted as its start, for people. */
  readonly interval: string;
  /**
   * Makes what does not belong to a start: files, builds, packages.
   *
   * @param directory Its own, empty; gone at the end.
   * @throws {PeerGap} If it cannot run here.
   */
  prepare(directory: string): Promise<PreparedPeer>;
}

/** A peer that is not measured, as a table names it. */
export interface NamedGap {
  readonly name: string;
  readonly reason: string;
}

/** Why a peer is not measured: a named gap in the table. */
export class PeerGap extends Error {
  override readonly name = 'PeerGap';
}
