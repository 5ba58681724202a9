/** Commands of the WebAssembly specification's tests, as `spec/` writes them. */

/** A type and a value: a decimal number, the bits of a float, the bytes of a vector, the number of a host's object. */
export type SpecValue = readonly [type: string, value: string];

/** Something that is executed. Bytes of modules are hexadecimal. */
export type SpecAction =
  | { readonly invoke: string; readonly id: string | null; readonly args: readonly SpecValue[] }
  | { readonly get: string; readonly id: string | null }
  | { readonly wasm: string };

/** A line of a test. */
export type SpecCommand =
  | { readonly do: 'module' | 'definition'; readonly id: string | null; readonly wasm: string }
  | { readonly do: 'instance'; readonly id: string | null; readonly module: string | null }
  | { readonly do: 'register'; readonly name: string; readonly id: string | null }
  | { readonly do: 'invoke' | 'trap'; readonly exec: SpecAction }
  | {
      readonly do: 'return';
      readonly exec: SpecAction;
      readonly results: readonly SpecValue[];
    }
  | { readonly do: 'unlinkable' | 'invalid'; readonly wasm: string };
