/**
 * The state of an instance before its first call, as all instances of its module have it: contents of
 * memories, values of globals, handles. What belongs to one instance alone (functions in tables and in
 * globals) is not in it.
 */
import { formatSize } from '../../base/units.ts';
import type { HandleImage } from '../../component/abi/component-state.ts';
import type { InstanceState } from '../../component/abi/instance-state.ts';
import { StandingResource } from '../../component/abi/standing-resource.ts';
import { MemoryImage } from './initial-image-memory.ts';
import type { InstanceParts } from './reset-parts.ts';

/** Most memory an instance may start with for its image to be taken: all of it is read, on the event loop. */
const MAX_MEMORY_BYTES = 32 * 1024 * 1024;

/** Most data an image may hold: it stays in memory as long as the module. */
const MAX_DATA_BYTES = 16 * 1024 * 1024;

/** Most entries of tables that code may change: they are put back one by one. */
const MAX_TABLE_ENTRIES = 10_000;

/** What a reset goes back to. */
export interface InitialImage {
  /** Of the distinct memories, in the order of `InstanceParts.memories`. */
  readonly memories: readonly MemoryImage[];
  /** In the order of `InstanceParts.globals`; undefined if some are functions or objects of their instance. */
  readonly globals: readonly unknown[] | undefined;
  /** Entries of the tables in the order of `InstanceParts.tables`. */
  readonly tableEntries: readonly number[];
  /** In the order of the component instances. */
  readonly handles: readonly HandleImage[];
}

/**
 * Takes the image of an instance that was never called.
 *
 * @returns The image, or why there can be none: a sentence without a full stop.
 */
export function captureImage(parts: InstanceParts, state: InstanceState): InitialImage | string {
  const memoryBytes = sum(parts.memories.map(({ memory }) => memory.buffer.byteLength));
  if (memoryBytes > MAX_MEMORY_BYTES) return `it starts with ${formatSize(memoryBytes)} of memory`;
  const tableEntries = parts.tables.map(({ length }) => length);
  if (sum(tableEntries) > MAX_TABLE_ENTRIES) {
    return `it may change tables of ${sum(tableEntries)} entries`;
  }
  const handles = state.components.map((component) => withStanding(component.capture()));
  if (handles.some(({ values }) => values.some(belongsToGuest))) {
    return 'it holds resources of the host from its start on';
  }
  const globals = parts.globals.map(({ value }): unknown => value);
  if (globals.some((value) => Number.isNaN(value))) {
    return 'a global of it starts as NaN, whose bits JavaScript does not keep';
  }
  const memories = parts.memories.map(
    ({ memory }) => new MemoryImage(new Uint8Array(memory.buffer)),
  );
  const dataBytes = sum(memories.map((image) => image.dataBytes));
  if (dataBytes > MAX_DATA_BYTES) return `it starts with ${formatSize(dataBytes)} of data`;
  return {
    memories,
    globals: globals.some(isObject) ? undefined : globals,
    tableEntries,
    handles,
  };
}

/** Resources that can be made for any guest are replaced by how. */
function withStanding(image: HandleImage): HandleImage {
  return { ...image, values: image.values.map((value) => StandingResource.of(value) ?? value) };
}

/** Free places hold numbers, and so do resources that the component itself defines. */
function belongsToGuest(value: unknown): boolean {
  return isObject(value) && !(value instanceof StandingResource);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function isObject(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}
