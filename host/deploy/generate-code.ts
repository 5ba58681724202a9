/**
 * A checked component → the code that an engine runs it with. The native engine's if it knows all that
 * the component uses, jco's otherwise: decided here, once, and told to whoever deploys.
 */
import { HostError } from '../base/errors.ts';
import { emitComponent } from '../component/emit/emit-component.ts';
import type { Flattened } from '../component/flatten/flatten-component.ts';
import type { Plan } from '../component/plan.ts';
import { planComponent } from '../component/plan-component.ts';
import type { EngineName } from '../engine/manifest.ts';
import { encodeLinkData } from '../engine/native/link-data.ts';
import { hasStart } from '../wasm/has-start.ts';
import type { CheckedImport } from './check-imports.ts';
import { checkEntry, checkSignatures, checkWithoutPlan } from './check-signatures.ts';
import type { ServedKind } from './served-kind.ts';
import { transpile } from './transpile.ts';

/** Which engine is asked for; `auto` takes the native one where it can. Tests force one or the other. */
export type EngineChoice = EngineName | 'auto';

/** What was generated. */
export interface GeneratedCode {
  readonly engine: EngineName;
  /** Why it is not the native engine, if it was not asked for jco. */
  readonly fallbackReason: string | undefined;
  /** Script source. */
  readonly glue: string;
  /** What the script is linked with; the native engine's only. */
  readonly link: Uint8Array | undefined;
  /** Whether several calls may be under way in one instance. */
  readonly takesSeveral: boolean;
  /** Core modules, in the order or by the names the script asks for. */
  readonly cores: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/**
 * Generates.
 *
 * @param component Checked component bytes: its core names are safe, its imports exist.
 * @param imports Interfaces it imports, with versions, and the host's interface for each.
 * @throws {malformed_wasm} If the component is not valid.
 * @throws {unknown_import} If it calls a function that WASI has not.
 * @throws {import_type_mismatch} If it calls one with other types than it has.
 * @throws {export_type_mismatch} If what serves has another type than WASI gives it.
 * @throws {import_not_checked} If the jco engine must run it, and the types of an import cannot be found.
 * @throws {unsupported_by_native} If the native engine was asked for and cannot run it.
 * @throws {async_not_offered} If it is of WASI 0.3 and uses what the native engine lacks, or jco was asked for.
 * @throws {transpile_failed} If jco's generator refuses the component.
 */
export async function generateCode(
  component: Uint8Array,
  imports: readonly CheckedImport[],
  served: ServedKind,
  choice: EngineChoice,
): Promise<GeneratedCode> {
  const planned = planComponent(component);
  if ('plan' in planned) {
    checkSignatures(planned.plan);
    checkEntry(planned.plan, served);
  }
  const isAsync = [served.entry.interface, ...imports.map(({ name }) => name)].some((name) =>
    /@0\.3\.\d+$/.test(name),
  );
  if (isAsync) checkRunsAsync(planned, choice);
  if ('unsupported' in planned) {
    const reason = planned.unsupported;
    if (choice === 'native') throw new HostError('unsupported_by_native', { reason });
    checkWithoutPlan(
      component,
      imports.map(({ name }) => name),
      reason,
    );
    const shown = choice === 'jco' ? undefined : reason;
    return await generateForJco(component, imports, served, shown);
  }
  if (choice === 'jco') return await generateForJco(component, imports, served, undefined);
  const { plan } = planned;
  const hosts = new Map(imports.map(({ name, host }) => [name, host]));
  const cores = plan.modules.map(({ offset, bytes }, index) => ({
    name: `core${index}`,
    bytes: component.subarray(offset, offset + bytes),
  }));
  const emitted = emitComponent(plan, {
    isBlocking: (imported) =>
      hosts.get(imported.interface)?.blocking.includes(imported.name) === true,
    isOnMemory: (imported) =>
      hosts.get(imported.interface)?.onMemory?.includes(imported.name) === true,
    hasStart: (module) => hasStart(cores[module]?.bytes ?? new Uint8Array(0)),
  });
  return {
    engine: 'native',
    fallbackReason: undefined,
    glue: emitted.source,
    link: encodeLinkData(emitted),
    takesSeveral: takesSeveral(plan, served),
    cores,
  };
}

/** A call that is lifted synchronously has its component instance for itself until it returns. */
function takesSeveral({ exports, lifts }: Plan, { entry }: ServedKind): boolean {
  const found = exports.find(
    (one) => one.interface === entry.interface && one.name === entry.function,
  );
  return found !== undefined && lifts[found.lift]?.options.isAsync === true;
}

/**
 * The engine jco runs nothing of WASI 0.3: its code looks for what has come every 10 ms, names of the component become
 * part of its source, and the types of host functions could not be checked.
 */
function checkRunsAsync(planned: Flattened, choice: EngineChoice): void {
  if (choice === 'jco') {
    throw new HostError('async_not_offered', {
      reason: 'WASI 0.3, and the engine jco was asked for',
    });
  }
  if ('unsupported' in planned) {
    throw new HostError('async_not_offered', { reason: planned.unsupported });
  }
}

async function generateForJco(
  component: Uint8Array,
  imports: readonly CheckedImport[],
  served: ServedKind,
  fallbackReason: string | undefined,
): Promise<GeneratedCode> {
  const { glue, cores } = await transpile(component, imports, served);
  return { engine: 'jco', fallbackReason, glue, link: undefined, takesSeveral: false, cores };
}
