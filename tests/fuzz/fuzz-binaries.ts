/**
 * Changed component binaries through everything that deploy does with them in process: scan, plan, emit,
 * rewrite, compile, link, instantiate, and a call of what they export. Whatever arrives must be refused
 * with a code, or run; core code may trap.
 *
 * Core modules that were changed are rewritten and validated, not run: they may loop.
 */
import { HostError } from '../../host/base/errors.ts';
import { emitComponent } from '../../host/component/emit/emit-component.ts';
import { endReasonOf } from '../../host/component/ending.ts';
import { WitError, type HostInterface } from '../../host/component/host-interface.ts';
import { planComponent } from '../../host/component/plan-component.ts';
import type { FunctionType, Plan } from '../../host/component/plan.ts';
import { parseInterfaceName } from '../../host/component/semver.ts';
import { PREPARER_VERSION, type Manifest } from '../../host/engine/manifest.ts';
import { createEngines } from '../../host/engine/engines.ts';
import { encodeLinkData } from '../../host/engine/native/link-data.ts';
import { MemoryAccount } from '../../host/limits/memory-account.ts';
import { UnmeteredCpu } from '../../host/limits/unmetered-cpu.ts';
import { rewriteCoreModule } from '../../host/wasm/rewrite-core-module.ts';
import { complaintAbout, describeError, outcomeOf } from '../conformance/outcome.ts';
import { Recorder } from '../conformance/recorder.ts';
import { propertyName } from '../conformance/value-parts.ts';
import { defaultValue } from './default-value.ts';
import type { Failures } from './failures.ts';
import { mutate, type Seed } from './mutate.ts';
import { Random } from './random.ts';

/** How far cases came. */
export interface BinaryCounts {
  refused: number;
  unsupported: number;
  planned: number;
  instantiated: number;
  called: number;
}

const MEMORY_BYTES = 2 ** 22;

/** Runs cases. */
export async function fuzzBinaries(
  cases: number,
  seed: number,
  seeds: readonly Seed[],
  failures: Failures,
): Promise<BinaryCounts> {
  const counts: BinaryCounts = {
    refused: 0,
    unsupported: 0,
    planned: 0,
    instantiated: 0,
    called: 0,
  };
  const knownCores = new Set<string>();
  for (const { bytes, modules } of seeds) {
    for (const module of modules) knownCores.add(textOf(coreBytes(bytes, module)));
  }
  for (let number = 0; number < cases; number += 1) {
    // Each case has its own numbers, so that it can be repeated alone.
    const random = new Random(seed * 1_000_003 + number);
    const origin = random.pick(seeds);
    const bytes = mutate(origin, random.pick(seeds), random);
    const complaint = await runBinary(bytes, knownCores, counts);
    if (complaint !== undefined) {
      failures.add(`binary case ${number} of seed ${seed}, from ${origin.name}: ${complaint}`);
    }
  }
  return counts;
}

/** Runs one. @returns What is wrong, or undefined. */
export async function runBinary(
  bytes: Uint8Array,
  knownCores: ReadonlySet<string>,
  counts: BinaryCounts,
): Promise<string | undefined> {
  let plan: Plan;
  try {
    const planned = planComponent(bytes);
    if ('unsupported' in planned) {
      counts.unsupported += 1;
      return undefined;
    }
    plan = planned.plan;
  } catch (error) {
    counts.refused += 1;
    return isCoded(error) ? undefined : `plan: ${describeStack(error)}`;
  }
  counts.planned += 1;
  try {
    const mayRun = plan.modules.every((module) => knownCores.has(textOf(coreBytes(bytes, module))));
    return await runPlan(bytes, plan, mayRun, counts);
  } catch (error) {
    return isCoded(error) ? undefined : describeStack(error);
  }
}

async function runPlan(
  bytes: Uint8Array,
  plan: Plan,
  mayRun: boolean,
  counts: BinaryCounts,
): Promise<string | undefined> {
  const cores = plan.modules.map((module) => rewriteCoreModule(coreBytes(bytes, module)));
  const emitted = emitComponent(plan, {
    isBlocking: ({ name }) => name.length % 5 === 0,
    hasStart: (module) => cores[module]?.contract.start !== undefined,
  });
  const files = new Map([
    ['glue', new TextEncoder().encode(emitted.source)],
    ['link', encodeLinkData(emitted)],
  ]);
  const modules = cores.map((core, index) => {
    files.set(`core${index}`, core.bytes);
    return { name: `core${index}`, file: `core${index}`, ...core.contract };
  });
  const [first] = plan.exports;
  if (!mayRun) {
    for (const core of cores) WebAssembly.validate(Uint8Array.from(core.bytes));
    return undefined;
  }
  if (first === undefined) return undefined;
  const manifest: Manifest = {
    preparer: PREPARER_VERSION,
    engine: 'native',
    kind: 'http',
    entry: {
      interface: first.interface,
      function: propertyName(first.name),
      takesSeveral: false,
    },
    imports: [],
    modules,
    glue: 'glue',
    link: 'link',
  };
  const host = hostOf(plan);
  if (host === undefined) return undefined;
  const module = await createEngines(host)
    .load({ manifest, files })
    .catch((error: unknown) => fromLoading(error));
  if (typeof module === 'string' || module === undefined) return module;
  const guest = new Recorder();
  const started = await outcomeOf(() =>
    module.instantiate(guest, new MemoryAccount(MEMORY_BYTES), new UnmeteredCpu()),
  );
  if (started.kind !== 'value') {
    const error = started.kind === 'trap' ? started.error : started.value;
    if (isCoded(error) || error instanceof WebAssembly.LinkError) return undefined;
    const complaint = complaintAbout(started);
    return complaint === undefined
      ? undefined
      : `instantiate: ${complaint} ${describeStack(error)}`;
  }
  counts.instantiated += 1;
  const type = plan.lifts[first.lift]?.type;
  const parameters = type === undefined ? undefined : defaultParameters(plan, type);
  if (parameters === undefined) return undefined;
  counts.called += 1;
  const instance = started.value as Awaited<ReturnType<typeof module.instantiate>>;
  const outcome = await outcomeOf(() => instance.call(parameters));
  const complaint = complaintAbout(outcome);
  if (complaint === undefined) return undefined;
  return `call: ${complaint} ${outcome.kind === 'trap' ? describeStack(outcome.error) : ''}`;
}

/** V8 refuses core modules that only their sections show to be wrong; that is a code, and no mistake of ours. */
function fromLoading(error: unknown): string | undefined {
  const cause = error instanceof HostError ? error.cause : error;
  if (cause instanceof WebAssembly.CompileError) return undefined;
  return cause === undefined || cause instanceof HostError
    ? undefined
    : `load: ${describeStack(cause)}`;
}

/** A host that has whatever a plan imports, with its types: what types the real one has is checked elsewhere. */
function hostOf(plan: Plan): readonly HostInterface[] | undefined {
  const hosts = new Map<string, HostInterface>();
  for (const { interface: from, name, type } of plan.imports) {
    const parsed = parseInterfaceName(from);
    if (parsed?.version === undefined || name.startsWith('[')) return undefined;
    const key = `${parsed.package}/${parsed.interface}`;
    const { version } = parsed;
    const host = hosts.get(key);
    // Two releases of one interface, with functions of one name: one of the types would be wrong.
    if (host !== undefined && (host.versions.from !== version || name in host.functions)) {
      return undefined;
    }
    const made = host ?? {
      name: key,
      versions: { from: version, to: version },
      functions: {},
      resources: {},
      blocking: [],
    };
    const answer = (): unknown => answerOf(plan, type);
    hosts.set(key, { ...made, functions: { ...made.functions, [name]: answer } });
  }
  return [...hosts.values()];
}

function answerOf(plan: Plan, { result }: FunctionType): unknown {
  if (result === undefined) return undefined;
  const value = defaultValue(result, (resource) => resourceOf(plan, resource));
  if (result.kind !== 'result') return value;
  const { tag, val } = value as { readonly tag: string; readonly val?: unknown };
  if (tag === 'err') throw new WitError(val);
  return val;
}

function defaultParameters(plan: Plan, { parameters }: FunctionType): unknown[] | undefined {
  try {
    return parameters.map(({ type }) =>
      defaultValue(type, (resource) => resourceOf(plan, resource)),
    );
  } catch (error) {
    if (error instanceof NoResource) return undefined;
    throw error;
  }
}

class NoResource extends Error {
  override readonly name = 'NoResource';
}

/** Of the host's own resources there are any number, of a component's none. */
function resourceOf({ resources }: Plan, resource: number): object {
  if (resources[resource]?.kind === 'imported') return {};
  throw new NoResource();
}

function coreBytes(bytes: Uint8Array, module: Plan['modules'][number]): Uint8Array {
  return bytes.subarray(module.offset, module.offset + module.bytes);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function isCoded(error: unknown): boolean {
  return error instanceof HostError && error.code !== 'engine_failed';
}

/** With the place where it was thrown, which a fuzzer's reader needs. */
function describeStack(error: unknown): string {
  const reason = endReasonOf(error);
  const inner = reason?.kind === 'trap' ? reason.error : error;
  const stack = inner instanceof Error ? (inner.stack ?? '') : '';
  return `${describeError(inner)}\n${stack.split('\n').slice(1, 5).join('\n')}`;
}
