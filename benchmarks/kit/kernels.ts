/** The kernels of `components/kernels-rust`, and how much of each is one sample: about 2 ms of work. */
import { readFileSync } from 'node:fs';
import { scanComponent } from '../../host/component/scan-component.ts';

/** A function of the interface `bench:kernels/run`. */
export interface Kernel {
  readonly name: string;
  /** Its parameter. */
  readonly size: number;
}

/** All of them. */
export const KERNELS: readonly Kernel[] = [
  { name: 'sieve', size: 800_000 },
  { name: 'fib', size: 29 },
  { name: 'matrix', size: 120 },
  { name: 'sort', size: 60_000 },
  { name: 'json', size: 1600 },
  { name: 'sha256', size: 400_000 },
  { name: 'words', size: 60_000 },
  { name: 'interpreter', size: 200_000 },
];

/** Where the component is. */
export const KERNELS_FILE = new URL('../../components/kernels-rust.wasm', import.meta.url);

/** A kernel's export of the core module. */
export function kernelExport(name: string): string {
  return `bench:kernels/run@0.1.0#${name}`;
}

/**
 * Reads the core module that holds the kernels. The other two of the component only bind WASI, which no
 * kernel calls.
 */
export function readKernelModule(): Uint8Array {
  const [first] = scanComponent(readFileSync(KERNELS_FILE)).modules;
  if (first === undefined) throw new Error('Cannot find the kernels: there is no core module');
  return first.bytes;
}
