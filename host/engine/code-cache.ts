/**
 * What V8 compiled of generated code, kept with it: a first start then spends half of its CPU time. Made at deploy, of
 * all functions of the script, also of those that only a request calls.
 *
 * V8 hardly looks at what it is given: it compares the length of the source, its own version and the flags that matter, and
 * takes flipped bits for code. That the bytes are those that deploy wrote is known before: every file of a prepared
 * artifact is verified by its digest, and one that has changed is prepared anew.
 */
import v8 from 'node:v8';
import vm from 'node:vm';
import type { PreparedArtifact } from './engine.ts';
import { requireFile } from './require-file.ts';

/** Name of the file among those of a prepared artifact. */
export const CODE_CACHE_FILE = 'glue.cache';

/**
 * Flags that processes which serve may have and that change V8's tag (`cli/v8-flags.js`, and one for benchmarks): who
 * prepares has to have them too.
 */
export const TAGGED_FLAGS: readonly RegExp[] = [
  /^--external-memory-accounted-in-global-limit$/,
  /^--initial-old-space-size=\d+$/,
  /^--no-allocation-site-pretenuring$/,
  /^--no-memory-reducer$/,
  /^--wasm-lazy-validation$/,
  /^--experimental-wasm-compilation-hints$/,
  /^--no-compilation-cache$/,
];

/** What the manifest says of it. */
export interface CodeCache {
  readonly file: string;
  /** `cachedDataVersionTag()` of the V8 that made it: its version and flags. Another one does not use it. */
  readonly v8: number;
}

/**
 * Compiles all of a script. Changes a flag of the process while it does: for the preparing process.
 *
 * @param source Generated code.
 */
export function createCodeCache(source: string): Uint8Array {
  v8.setFlagsFromString('--no-lazy');
  try {
    const script = new vm.Script(source);
    v8.setFlagsFromString('--lazy');
    return script.createCachedData();
  } finally {
    v8.setFlagsFromString('--lazy');
  }
}

/** The V8 of this process, as `CodeCache.v8` names it. */
export function currentV8(): number {
  return v8.cachedDataVersionTag();
}

/**
 * Compiles the generated code of a prepared artifact, from what is kept if this V8 has made it.
 *
 * @param filename Shown in stack traces.
 */
export function compileGenerated(
  { manifest, files }: PreparedArtifact,
  filename: string,
): vm.Script {
  const source = new TextDecoder().decode(requireFile(files, manifest.glue));
  const { codeCache } = manifest;
  if (codeCache === undefined || codeCache.v8 !== currentV8()) {
    return new vm.Script(source, { filename });
  }
  const bytes = requireFile(files, codeCache.file);
  const cachedData = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new vm.Script(source, { filename, cachedData });
}
