/**
 * Flags of V8 for a process that serves, and for those it starts. Whoever waits for a request meets each collection of the
 * whole heap as 15 to 25 ms; with V8's defaults one begins
 *
 * - after 64 MiB of new wasm memory, which is sixty instances that live: `--external-memory-accounted-in-global-limit`
 *   has it count like the rest, and what died is collected by `host/limits/dead-memory.ts`;
 * - whenever a heap of 30 MiB has grown by some more: `--initial-old-space-size` lets it grow first;
 * - without pause when all that counts, wasm memory included, comes to twice V8's largest heap, which is a quarter of the
 *   machine's memory and 4 GiB at most: 7,600 instances of 17 pages. `--max-old-space-size` makes it all of the machine's
 *   memory: how much there may be is the business of the host's budget.
 *
 * And with `--no-allocation-site-pretenuring` arrays that often live for some turns are made where others are: in the old
 * generation each would keep its request alive until everything is collected, 4 KiB in place of 0.7 for every request.
 * With `--no-memory-reducer` compiled code outlives a pause; `host/limits/idle-collection.ts` collects after a long one.
 * With `--wasm-lazy-validation` a cold start looks at those functions of a module that it calls: deploy has looked at all.
 * With `--experimental-wasm-compilation-hints` those that deploy has seen called are compiled on other threads, together.
 */
import { totalmem } from 'node:os';

const MIB = 2 ** 20;
/** Of the machine's memory, or the container's. */
const PARTS = 64;
const MOST_MIB = 256;

/** @returns {string[]} The flags that this process does not have, and should have. */
export function missingV8Flags() {
  const bytes = Math.min(totalmem(), process.constrainedMemory?.() || Infinity);
  const machineMib = Math.floor(bytes / MIB);
  const size = Math.min(MOST_MIB, Math.floor(machineMib / PARTS));
  const wanted = [
    '--external-memory-accounted-in-global-limit',
    '--no-allocation-site-pretenuring',
    '--no-memory-reducer',
    '--wasm-lazy-validation',
    '--experimental-wasm-compilation-hints',
    `--initial-old-space-size=${size}`,
    `--max-old-space-size=${machineMib}`,
  ];
  const given = [...process.execArgv, ...(process.env.NODE_OPTIONS?.split(/\s+/) ?? [])];
  const names = new Set(given.map(nameOf));
  return wanted.filter((flag) => !names.has(nameOf(flag)));
}

/** Who says `--memory-reducer` has decided too. @param {string} flag */
function nameOf(flag) {
  return flag
    .replace(/=.*/, '')
    .replaceAll('_', '-')
    .replace(/^--no-/, '--')
    .replace(/-percentage$/, '');
}
