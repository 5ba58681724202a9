/** What finding the function of a request costs, by how many there are: the host's own router, without a network. */
import { openThreadClock } from '../../host/limits/thread-clock.ts';
import type { RouteSnapshot } from '../../host/registry/model.ts';
import { createSnapshot } from '../../host/registry/snapshot.ts';
import { Router } from '../../host/traffic/router.ts';
import { alternate } from './alternate.ts';
import { nameOf, routeOf } from './many-functions.ts';
import { median } from './percentiles.ts';

type Request = readonly [authority: string, target: string];

/** A way to look something up. */
interface Side {
  readonly way: 'host' | 'path' | 'route' | 'any';
  readonly functions: number;
  readonly router: Router;
  readonly requests: readonly Request[];
  readonly ns: number[];
}

/** Nanoseconds of CPU time of a look-up. */
export interface LookupCost {
  /** `host`, `path`, `route`: of one name, again and again. `any`: of all names by their hosts, in no order. */
  readonly way: Side['way'];
  readonly functions: number;
  /** Median of the rounds. */
  readonly ns: number;
}

/** The one that Node has counts in ticks of the kernel, which are longer than what is timed. */
const threadMs = openThreadClock();
/** So many look-ups are timed together. */
const BATCH = 20_000;
/** Not a divisor of the number of names, so that all come, and neighbours are far apart. */
const STRIDE = 7919;

/** Number of the function that is looked up: the first one has no route of its own, being deployed as users do. */
const WANTED = 1;

/** Measures look-ups with one function alone, and with all; there are two at least. */
export function measureLookups(snapshot: RouteSnapshot, rounds: number): readonly LookupCost[] {
  const alone = [...snapshot.functions.values()].filter(({ name }) => name === nameOf(WANTED));
  const sides = [createSnapshot(1, alone), snapshot].flatMap((it) => sidesOf(it));
  for (const round of alternate(sides, rounds + 1)) {
    for (const side of round) side.ns.push(timeLookups(side));
  }
  // The first round is that in which V8 optimises.
  return sides.map(({ way, functions, ns }) => ({ way, functions, ns: median(ns.slice(1)) }));
}

function sidesOf(snapshot: RouteSnapshot): readonly Side[] {
  const router = new Router(snapshot, 'localhost');
  const names = [...snapshot.functions.keys()];
  const functions = names.length;
  const all = names.map((_, index): Request => [
    `${names[(index * STRIDE) % functions]}.localhost:8080`,
    '/',
  ]);
  const name = nameOf(WANTED);
  const ways: readonly (readonly [Side['way'], readonly Request[]])[] = [
    ['host', [[`${name}.localhost:8080`, '/']]],
    ['path', [['127.0.0.1:8080', `/${name}/a`]]],
    ['route', [['127.0.0.1:8080', `${routeOf(WANTED)}/a`]]],
    ['any', all],
  ];
  return ways.map(([way, requests]) => ({ way, functions, router, requests, ns: [] }));
}

function timeLookups({ router, requests }: Side): number {
  // Time of this thread: what others do meanwhile is not in it.
  const beforeMs = threadMs();
  let found = 0;
  for (let index = 0; index < BATCH; index += 1) {
    const [authority, target] = requests[index % requests.length] ?? ['', ''];
    if (router.resolve(authority, target) !== undefined) found += 1;
  }
  const spentMs = threadMs() - beforeMs;
  if (found !== BATCH) throw new Error('Cannot measure look-ups: a function was not found');
  return (spentMs * 1e6) / BATCH;
}
