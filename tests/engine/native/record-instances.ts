/** Looks into instances that an engine makes: what each core instance imports and exports. */

/** A core instance. */
export interface RecordedInstance {
  /** The guest's memories that it imports. */
  readonly memories: readonly WebAssembly.Memory[];
  readonly exports: WebAssembly.Exports;
}

/** Runs something that instantiates, and gives the core instances it made, in order. */
export async function recordInstances<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly instances: readonly RecordedInstance[] }> {
  const instances: RecordedInstance[] = [];
  const { Instance } = WebAssembly;
  class Recorded extends Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports);
      // A detour has no state, and goes from one component instance to the next.
      if (imports?.['t'] !== undefined && imports['w'] !== undefined) return;
      instances.push({ memories: memoriesOf(imports ?? {}), exports: this.exports });
    }
  }
  WebAssembly.Instance = Recorded;
  try {
    return { result: await work(), instances };
  } finally {
    WebAssembly.Instance = Instance;
  }
}

function memoriesOf(imports: WebAssembly.Imports): WebAssembly.Memory[] {
  return (
    Object.values(imports)
      .flatMap((module) => Object.values(module) as unknown[])
      .filter((value) => value instanceof WebAssembly.Memory)
      // The epoch is shared with the ticker; it is no state of the guest's.
      .filter(({ buffer }) => buffer instanceof ArrayBuffer)
  );
}
