/** The resource `directory-entry-stream` of `wasi:filesystem/types`. */
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import type { Guest, SnapshotNode } from '../ports.ts';

/** The enum `descriptor-type`, as far as a snapshot has it. */
export type DescriptorType = 'directory' | 'regular-file';

/** The type of a node. */
export function descriptorTypeOf(node: SnapshotNode): DescriptorType {
  return node.kind === 'directory' ? 'directory' : 'regular-file';
}

/** Entries of a directory, one after the other, without `.` and `..`. */
export class DirectoryEntryStream {
  readonly #entries: Iterator<[string, SnapshotNode]>;
  #refund: (() => void) | undefined;

  constructor(guest: Guest, entries: ReadonlyMap<string, SnapshotNode>) {
    this.#entries = entries.entries();
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  readDirectoryEntry(): { type: DescriptorType; name: string } | undefined {
    const next = this.#entries.next();
    if (next.done === true) return undefined;
    const [name, node] = next.value;
    return { type: descriptorTypeOf(node), name };
  }

  [Symbol.dispose](): void {
    this.#refund?.();
    this.#refund = undefined;
  }
}
