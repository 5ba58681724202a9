/**
 * The resource `descriptor` of `wasi:filesystem/types`, over an uploaded snapshot: everything can be
 * read, and whatever would change something answers `read-only`.
 */
import { createHash } from 'node:crypto';
import { datetimeOf, type Datetime } from '../clocks/datetime.ts';
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import { InputStream } from '../io/input-stream.ts';
import type { Guest, SnapshotNode } from '../ports.ts';
import {
  descriptorTypeOf,
  DirectoryEntryStream,
  type DescriptorType,
} from './directory-entry-stream.ts';
import { filesystemError } from './error-code.ts';
import { FileSource } from './file-source.ts';
import { resolvePath, type Place } from './resolve-path.ts';

/** Most bytes of one `read`; a guest that wants more reads again. */
const READ_LIMIT_BYTES = 65_536;

/** The flags `descriptor-flags`. */
interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly mutateDirectory?: boolean;
}

/** The record `descriptor-stat`. */
interface DescriptorStat {
  readonly type: DescriptorType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: undefined;
  readonly dataModificationTimestamp: Datetime;
  readonly statusChangeTimestamp: undefined;
}

/** The record `metadata-hash-value`. */
interface MetadataHashValue {
  readonly lower: bigint;
  readonly upper: bigint;
}

/** An open file or directory. Holds nothing open: snapshots are opened and closed by the host. */
export class Descriptor {
  readonly #guest: Guest;
  readonly #place: Place;
  #refund: (() => void) | undefined;

  /**
   * @param guest Who opened it.
   * @param place What is open; as a directory, the root that paths from here never leave.
   */
  constructor(guest: Guest, place: Place) {
    this.#guest = guest;
    this.#place = place;
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  readViaStream(offset: bigint): InputStream {
    return new InputStream(this.#guest, new FileSource(this.#file(), offset));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] | Promise<[Uint8Array, boolean]> {
    const file = this.#file();
    if (offset >= file.size) return [new Uint8Array(0), true];
    if (length === 0n) return [new Uint8Array(0), false];
    const start = Number(offset);
    const wanted = length < READ_LIMIT_BYTES ? Number(length) : READ_LIMIT_BYTES;
    const reading = file.read(start, Math.min(wanted, file.size - start));
    return this.#guest.suspend(
      reading.then(
        (bytes) => [bytes, start + bytes.length >= file.size],
        () => {
          throw filesystemError('io');
        },
      ),
    );
  }

  readDirectory(): DirectoryEntryStream {
    const { node } = this.#place;
    if (node.kind !== 'directory') throw filesystemError('not-directory');
    return new DirectoryEntryStream(this.#guest, node.entries);
  }

  getFlags(): DescriptorFlags {
    return { read: true };
  }

  getType(): DescriptorType {
    return descriptorTypeOf(this.#place.node);
  }

  stat(): DescriptorStat {
    return statOf(this.#place.node);
  }

  statAt(_pathFlags: object, path: string): DescriptorStat {
    return statOf(resolvePath(this.#place, path).node);
  }

  openAt(
    _pathFlags: object,
    path: string,
    openFlags: { readonly create?: boolean; directory?: boolean; truncate?: boolean },
    flags: DescriptorFlags,
  ): Descriptor {
    if (openFlags.create === true || openFlags.truncate === true)
      throw filesystemError('read-only');
    if (flags.write === true || flags.mutateDirectory === true) throw filesystemError('read-only');
    const place = resolvePath(this.#place, path);
    if (openFlags.directory === true && place.node.kind !== 'directory') {
      throw filesystemError('not-directory');
    }
    return new Descriptor(this.#guest, place);
  }

  /** Nothing in a snapshot is a symbolic link. */
  readlinkAt(path: string): string {
    resolvePath(this.#place, path);
    throw filesystemError('invalid');
  }

  isSameObject(other: Descriptor): boolean {
    return this.#place.node === other.#place.node;
  }

  metadataHash(): MetadataHashValue {
    return metadataHashOf(this.#place);
  }

  metadataHashAt(_pathFlags: object, path: string): MetadataHashValue {
    return metadataHashOf(resolvePath(this.#place, path));
  }

  /** Advice changes nothing that a guest can see. */
  advise(): void {}

  /** Nothing can be unwritten. */
  sync(): void {}

  /** Nothing can be unwritten. */
  syncData(): void {}

  writeViaStream(): never {
    throw filesystemError('read-only');
  }

  appendViaStream(): never {
    throw filesystemError('read-only');
  }

  write(): never {
    throw filesystemError('read-only');
  }

  setSize(): never {
    throw filesystemError('read-only');
  }

  setTimes(): never {
    throw filesystemError('read-only');
  }

  setTimesAt(): never {
    throw filesystemError('read-only');
  }

  createDirectoryAt(): never {
    throw filesystemError('read-only');
  }

  removeDirectoryAt(): never {
    throw filesystemError('read-only');
  }

  linkAt(): never {
    throw filesystemError('read-only');
  }

  symlinkAt(): never {
    throw filesystemError('read-only');
  }

  renameAt(): never {
    throw filesystemError('read-only');
  }

  unlinkFileAt(): never {
    throw filesystemError('read-only');
  }

  [Symbol.dispose](): void {
    this.#refund?.();
    this.#refund = undefined;
  }

  #file(): SnapshotNode & { readonly kind: 'file' } {
    const { node } = this.#place;
    if (node.kind === 'directory') throw filesystemError('is-directory');
    return node;
  }
}

function statOf(node: SnapshotNode): DescriptorStat {
  return {
    type: descriptorTypeOf(node),
    linkCount: 1n,
    size: node.kind === 'file' ? BigInt(node.size) : 0n,
    dataAccessTimestamp: undefined,
    dataModificationTimestamp: datetimeOf(node.modifiedMs),
    statusChangeTimestamp: undefined,
  };
}

/** Guests take this hash for an inode number: one a place, and another one when the file is another. */
function metadataHashOf({ node, path }: Place): MetadataHashValue {
  const size = node.kind === 'file' ? node.size : 0;
  const identity = JSON.stringify([path, node.kind, size, node.modifiedMs]);
  const hash = createHash('sha256').update(identity).digest();
  return { lower: hash.readBigUInt64LE(0), upper: hash.readBigUInt64LE(8) };
}
