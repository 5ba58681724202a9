/** The loader, to those who give it orders. It runs beside the server it loads, not within it. */
import { Child } from '../kit/child.ts';
import type { LoadOrder, LoadOutcome } from './generate-load.ts';

/** Takes one order at a time: a closed loop, or an open one if it names a rate. */
export type Loader = Child<'ready', LoadOrder, LoadOutcome>;

/** Starts a loader. */
export function openLoader(): Promise<Loader> {
  return Child.start(new URL('./load-process.ts', import.meta.url));
}
