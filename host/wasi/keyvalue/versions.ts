/** The releases of `wasi:keyvalue` that guests may ask for. Their types differ, so each is an interface of its own. */

/** What Wasmtime and wasmCloud offer. */
export const DRAFT = Object.freeze({ from: '0.2.0-draft', to: '0.2.0-draft' });
/** What Spin offers: text as cursors, signed numbers, compare-and-swap. */
export const DRAFT_2 = Object.freeze({ from: '0.2.0-draft2', to: '0.2.0-draft2' });
