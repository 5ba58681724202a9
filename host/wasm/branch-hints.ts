/**
 * Branches that are seldom taken → the custom section that tells engines. V8 then lays the other path out
 * straight, which is most of what a check costs.
 *
 * @see https://github.com/WebAssembly/branch-hinting/blob/main/proposals/branch-hinting/Overview.md
 */
import { ByteWriter } from './byte-writer.ts';

/** Name of the section; it must come before the code section. */
export const BRANCH_HINT_SECTION = 'metadata.code.branch_hint';

/** Branches of one function. */
export interface FunctionHints {
  /** Index of the function. */
  readonly index: number;
  /** Offset of each `if` or `br_if` that is seldom taken, from the first byte of the function body (behind its size), ascending. */
  readonly unlikely: readonly number[];
}

/** Value of a hint: the branch is seldom taken. */
const UNLIKELY = 0;

/**
 * Builds the contents of the section.
 *
 * @param functions In the order of their indices.
 */
export function buildBranchHints(functions: readonly FunctionHints[]): Uint8Array {
  const writer = new ByteWriter(1024);
  writer.unsigned(functions.length);
  for (const { index, unlikely } of functions) {
    writer.unsigned(index);
    writer.unsigned(unlikely.length);
    for (const offset of unlikely) {
      writer.unsigned(offset);
      writer.unsigned(1);
      writer.u8(UNLIKELY);
    }
  }
  return writer.finish();
}
