/** A process and what it has started, as Linux shows them: CPU time and memory of each. */
import { readdirSync, readFileSync } from 'node:fs';

/** One process. */
export interface ProcessUse {
  readonly pid: number;
  /** `supervisor`, `launcher` or `worker`. */
  readonly role: string;
  /** CPU time of all its threads since it began, ms. */
  readonly cpuMs: number;
  /** Proportional resident memory, bytes. */
  readonly memoryBytes: number;
}

/** Reads a host of several processes from its supervisor on. */
export function readProcessTree(supervisorPid: number): readonly ProcessUse[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const childrenOf = (pid: number): number[] =>
    [...parents].filter(([, parent]) => parent === pid).map(([child]) => child);
  const launchers = childrenOf(supervisorPid).filter((pid) =>
    commandOf(pid).includes('launcher-main'),
  );
  return [
    readUse(supervisorPid, 'supervisor'),
    ...launchers.map((pid) => readUse(pid, 'launcher')),
    ...launchers.flatMap(childrenOf).map((pid) => readUse(pid, 'worker')),
  ];
}

function readUse(pid: number, role: string): ProcessUse {
  const threads = readdirSync(`/proc/${pid}/task`);
  const cpuNs = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const memoryBytes = Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1024;
  return { pid, role, cpuMs: cpuNs.reduce((sum, ns) => sum + ns, 0) / 1e6, memoryBytes };
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program may hold anything, blanks and brackets too.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // It has ended since the list was read.
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
