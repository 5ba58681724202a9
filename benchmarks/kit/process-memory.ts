/**
 * What processes hold of the machine's memory, as Linux tells it: proportional resident memory, in which pages that several
 * share count once, and the page tables, which belong to the kernel and grow with the address space in use.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Memory of one process or of several, bytes. */
export interface ProcessMemory {
  readonly pssBytes: number;
  /** Of the kernel for it; no part of the former. */
  readonly pageTableBytes: number;
}

/**
 * Reads what a process holds. Takes some 20 ms for one with thousands of mappings.
 *
 * @returns Null where the system does not tell, or the process is gone.
 */
export function readProcessMemory(pid: number): ProcessMemory | null {
  const pss = readKb(`/proc/${pid}/smaps_rollup`, 'Pss');
  const tables = readKb(`/proc/${pid}/status`, 'VmPTE');
  if (pss === undefined || tables === undefined) return null;
  return { pssBytes: pss * 1024, pageTableBytes: tables * 1024 };
}

/** Reads what processes hold together. @returns Null if nothing is known of one of them. */
export function sumProcessMemory(pids: readonly number[]): ProcessMemory | null {
  let pssBytes = 0;
  let pageTableBytes = 0;
  for (const pid of pids) {
    const one = readProcessMemory(pid);
    if (one === null) return null;
    pssBytes += one.pssBytes;
    pageTableBytes += one.pageTableBytes;
  }
  return { pssBytes, pageTableBytes };
}

/** A process that another one has started, or one of those. */
export interface Descendant {
  readonly pid: number;
  /** Name of its program, at most 15 characters. */
  readonly program: string;
}

/** Lists what a process has started and what those have, as far as it runs; nothing where the system does not tell. */
export function listDescendants(ancestor: number): readonly Descendant[] {
  const children = new Map<number, Descendant[]>();
  for (const name of listProcesses()) {
    const stat = readText(`/proc/${name}/stat`);
    if (stat === undefined) continue;
    // The name of the program may hold anything, blanks and brackets too.
    const end = stat.lastIndexOf(')');
    const parent = Number(stat.slice(end + 2).split(' ')[1]);
    const program = stat.slice(stat.indexOf('(') + 1, end);
    const siblings = children.get(parent) ?? [];
    siblings.push({ pid: Number(name), program });
    children.set(parent, siblings);
  }
  const found = [...(children.get(ancestor) ?? [])];
  // What is found below one is looked at in its turn.
  for (const { pid } of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function listProcesses(): readonly string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function readKb(path: string, field: string): number | undefined {
  const text = readText(path);
  const kb = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1];
  return kb === undefined ? undefined : Number(kb);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended, or there is no such file on this system.
    return undefined;
  }
}
