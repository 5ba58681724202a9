/** What is remembered of guests' output, as plain data: lines, and what those who read them ask for and get. */
import type { FunctionName, RequestId } from '../base/ids.ts';

/** One line of a guest, or of the host about it. */
export interface GuestLine {
  /** Wall clock, ms since 1970. */
  readonly atMs: number;
  readonly function: FunctionName;
  readonly version: number;
  readonly requestId: RequestId;
  /** `host`: what the host has to say; `log`: lines with level and context (`wasi:logging`). */
  readonly stream: 'stdout' | 'stderr' | 'host' | 'log';
  /** Without line end. */
  readonly text: string;
}

/** What a follower gets: a line, or how many it lost because it was too slow. */
export type FollowEvent = { readonly line: GuestLine } | { readonly lost: number };

/** Which lines are wanted. */
export interface LineFilter {
  /** Most lines of the past, the last ones; 0 for none. */
  readonly tail: number;
  /** Only lines of this request. */
  readonly requestId?: RequestId;
}

/** Where lines go. */
export interface LineSink {
  append(line: GuestLine): void;
}
