/**
 * Bytes → prepared artifact, step by step. Runs in the child process of `prepare-process.ts` and
 * nowhere else: everything here works on bytes a stranger uploaded.
 */
import { performance } from 'node:perf_hooks';
import type { PreparedFile } from '../artifacts/store.ts';
import { formatSize } from '../base/units.ts';
import { detectBinary } from '../component/detect-binary.ts';
import { parseInterfaceName } from '../component/semver.ts';
import { scanComponent } from '../component/scan-component.ts';
import { CODE_CACHE_FILE, createCodeCache, currentV8 } from '../engine/code-cache.ts';
import { MANIFEST_FILE, PREPARER_VERSION, type Manifest } from '../engine/manifest.ts';
import { addCompilationHints } from '../wasm/compilation-hints.ts';
import { checkSafeName } from '../wasm/core-names.ts';
import { rewriteCoreModule, type RewrittenModule } from '../wasm/rewrite-core-module.ts';
import { wasiInterfaces } from '../wasi/interfaces.ts';
import { checkImports, type CheckedImport } from './check-imports.ts';
import type { DeployStep } from './deployer.ts';
import { generateCode, type EngineChoice, type GeneratedCode } from './generate-code.ts';
import { adaptPreview1, checkPreview1Command } from './preview1-adapter.ts';
import { takesOneEvent } from './one-event-engine.ts';
import { servedKindOf, type ServedKind } from './served-kind.ts';
import { findFirstFunctions } from './find-first-functions.ts';
import { tryOut } from './try-out.ts';

/** Bounds of the work. */
export interface PrepareOptions {
  /** Most imports of the component. */
  readonly maxImports: number;
  /** Resident memory this process may have, bytes: the most that the trial instance may have, too. */
  readonly memoryBytes: number;
  readonly engine: EngineChoice;
}

/** What came of it. */
export interface PrepareOutcome {
  readonly manifest: Manifest;
  readonly files: readonly PreparedFile[];
  readonly findings: readonly string[];
}

/** File that holds the generated code. */
const GLUE_FILE = 'glue.js';

/** File that holds what the native engine links it with. */
const LINK_FILE = 'link.json';

/**
 * Prepares an artifact.
 *
 * @param onStep Told of each step when it is done.
 * @throws {HostError} With the code that says why it cannot be deployed.
 */
export async function prepare(
  bytes: Uint8Array,
  options: PrepareOptions,
  onStep: (step: DeployStep) => void,
): Promise<PrepareOutcome> {
  const steps = new Steps(onStep);
  const { component, adapted } = await toComponent(bytes, options, steps);
  const scan = steps.run(
    'names',
    () => {
      const scanned = scanComponent(component, { maxImports: options.maxImports });
      for (const name of scanned.names) checkSafeName(name);
      return scanned;
    },
    ({ modules, names }) => `${modules.length} core modules, ${names.length} names`,
  );
  const served = servedKindOf(
    scan.exports.map(({ name }) => name),
    scan.imports.map(({ name }) => name),
  );
  const imports = steps.run(
    'imports',
    () => checkImports(scan.imports, wasiInterfaces),
    (checked) => `${checked.length} interfaces, all offered`,
  );
  const code = await steps.wait(
    'generate',
    () => generateCode(component, imports, served, options.engine),
    ({ engine, glue }) => `${formatSize(glue.length)} of glue for the ${engine} engine`,
  );
  const rewritten = steps.run(
    'rewrite',
    () => code.cores.map((core) => rewriteCoreModule(core.bytes)),
    (cores) => `${cores.filter((core) => core.rewritten).length} of ${cores.length} core modules`,
  );
  const isOnce = takesOneEvent(scan.names, served.entry.interface);
  const outcome = assemble(code, rewritten, imports, { ...served, isOnce }, adapted);
  const startBytes = await steps.wait(
    'instantiate',
    () => tryOut(outcome, options.memoryBytes),
    (memory) => `${formatSize(memory)} of memory`,
  );
  const entered = await steps.wait(
    'profile',
    () => findFirstFunctions(outcome, startBytes, options.memoryBytes - process.memoryUsage.rss()),
    (found) => `${sum(found.map(({ length }) => length))} functions are called at first`,
  );
  return withHints(outcome, entered);
}

/** The same with hints in its core modules. @param entered Of each core module the functions that are called at first. */
function withHints(
  { manifest, files, findings }: PrepareOutcome,
  entered: readonly (readonly number[])[],
): PrepareOutcome {
  const hints = new Map(manifest.modules.map(({ file }, index) => [file, entered[index] ?? []]));
  const hinted = files.map(({ name, bytes }) => {
    const functions = hints.get(name);
    return { name, bytes: functions === undefined ? bytes : addCompilationHints(bytes, functions) };
  });
  return { manifest, files: hinted, findings };
}

/** Detects the kind of binary, and puts the adapter on preview1 modules. */
async function toComponent(
  bytes: Uint8Array,
  options: PrepareOptions,
  steps: Steps,
): Promise<{ component: Uint8Array; adapted: boolean }> {
  const kind = steps.run(
    'detect',
    () => detectBinary(bytes),
    (found) => `${found}, ${formatSize(bytes.byteLength)}`,
  );
  if (kind === 'component') return { component: bytes, adapted: false };
  checkPreview1Command(bytes, options.maxImports);
  const component = await steps.wait(
    'adapt',
    () => adaptPreview1(bytes),
    () => 'WASI preview1 command',
  );
  return { component, adapted: true };
}

function assemble(
  code: GeneratedCode,
  rewritten: readonly RewrittenModule[],
  imports: readonly CheckedImport[],
  served: ServedKind & { readonly isOnce: boolean },
  adapted: boolean,
): PrepareOutcome {
  const cores = rewritten.map(({ bytes, contract }, index) => ({
    core: { name: code.cores[index]?.name ?? '', file: `core${index}.wasm`, ...contract },
    bytes,
  }));
  const manifest: Manifest = {
    preparer: PREPARER_VERSION,
    engine: code.engine,
    kind: served.kind,
    entry: {
      ...served.entry,
      takesSeveral: code.takesSeveral,
      ...(served.isOnce ? { isOnce: true } : {}),
    },
    imports: imports.map(({ name }) => name),
    modules: cores.map(({ core }) => core),
    glue: GLUE_FILE,
    codeCache: { file: CODE_CACHE_FILE, v8: currentV8() },
    ...(code.link === undefined ? {} : { link: LINK_FILE }),
  };
  const encoder = new TextEncoder();
  const files = [
    { name: MANIFEST_FILE, bytes: encoder.encode(JSON.stringify(manifest)) },
    { name: GLUE_FILE, bytes: encoder.encode(code.glue) },
    { name: CODE_CACHE_FILE, bytes: createCodeCache(code.glue) },
    ...(code.link === undefined ? [] : [{ name: LINK_FILE, bytes: code.link }]),
    ...cores.map(({ core, bytes }) => ({ name: core.file, bytes })),
  ];
  return { manifest, files, findings: findingsOf(manifest, files, adapted, code.fallbackReason) };
}

function findingsOf(
  manifest: Manifest,
  files: readonly PreparedFile[],
  adapted: boolean,
  fallbackReason: string | undefined,
): readonly string[] {
  const what = manifest.kind === 'http' ? 'HTTP component' : 'command, served by the CGI contract';
  const why = fallbackReason === undefined ? '' : ` (the native one lacks ${fallbackReason})`;
  const codeBytes = sum(files.map(({ bytes }) => bytes.byteLength));
  return [
    `${what} (${manifest.entry.interface})${adapted ? ', adapted from WASI preview1' : ''}`,
    `imports ${describeImports(manifest.imports)}`,
    `engine ${manifest.engine}${why}, ${formatSize(codeBytes)} prepared`,
  ];
}

/** `wasi:io@0.2.12 (error, streams)`, package by package. */
function describeImports(imports: readonly string[]): string {
  const packages = new Map<string, string[]>();
  for (const name of imports) {
    const parsed = parseInterfaceName(name);
    if (parsed === undefined) continue;
    const key = `${parsed.package}@${parsed.version ?? ''}`;
    packages.set(key, [...(packages.get(key) ?? []), parsed.interface]);
  }
  if (packages.size === 0) return 'nothing';
  return [...packages].map(([name, interfaces]) => `${name} (${interfaces.join(', ')})`).join(', ');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** Runs steps and reports how long each took. */
class Steps {
  readonly #onStep: (step: DeployStep) => void;

  constructor(onStep: (step: DeployStep) => void) {
    this.#onStep = onStep;
  }

  run<T>(step: string, work: () => T, describe: (result: T) => string): T {
    const startedMs = performance.now();
    const result = work();
    this.#report(step, startedMs, describe(result));
    return result;
  }

  async wait<T>(step: string, work: () => Promise<T>, describe: (result: T) => string): Promise<T> {
    const startedMs = performance.now();
    const result = await work();
    this.#report(step, startedMs, describe(result));
    return result;
  }

  #report(step: string, startedMs: number, detail: string): void {
    this.#onStep({ step, ms: performance.now() - startedMs, detail });
  }
}
