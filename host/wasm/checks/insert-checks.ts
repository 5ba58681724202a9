/**
 * Core module → the same module with checks: places that call a function of it when the first word of the
 * epoch memory is not zero, so close to each other that no guest, however hostile, runs long without
 * passing one, and so few that it costs little. Only bodies, their locals and custom sections change.
 *
 * Two walks over the code: the first finds who calls whom, the second, callees first, parses each body
 * again (keeping all events would take more memory than the module), decides about its loops, places
 * checks and writes it.
 *
 * @see https://github.com/WebAssembly/branch-hinting for the section of hints
 */
import { ByteWriter } from '../byte-writer.ts';
import { PREAMBLE_BYTES, SECTION } from '../sections.ts';
import { Body, EVENT } from './body.ts';
import { CallGraph, type CallOrder } from './call-graph.ts';
import { BodyEmitter } from './emission.ts';
import { Loops } from './loops.ts';
import { readModuleFacts, type ModuleFacts } from './module-facts.ts';
import { BodyParser } from './parse-body.ts';
import { Placement } from './placement.ts';
import { ANY_FUNCTION, Summaries } from './summaries.ts';

/** What checks need to know about a module. */
export interface CheckOptions {
  /** Index of the memory, imported already, whose first word says that something is up. */
  readonly epochMemory: number;
  /** Index of the function, `() -> ()`, that a check calls then; its own body gets no checks. */
  readonly slowFunction: number;
  /** Index of the global with the lowest address written to; comparisons with it are hinted unlikely. */
  readonly lowGlobal?: number;
}

const HINT_SECTION = 'metadata.code.branch_hint';
const UNLIKELY = 0;

/**
 * Inserts checks.
 *
 * @param bytes A module that passed `rewriteCoreModule`, with the memory and the function already in it.
 * @param options Where they are.
 * @returns New bytes; the given ones if nothing needs a check.
 * @throws {malformed_wasm} If a body is not well-formed, or names the epoch memory, or what is not there.
 * @example
 * const checked = insertChecks(bytes, { epochMemory: 1, slowFunction: 214 });
 */
export function insertChecks(bytes: Uint8Array, options: CheckOptions): Uint8Array {
  const facts = readModuleFacts(bytes);
  const { epochMemory, slowFunction, lowGlobal = -1 } = options;
  const parser = new BodyParser(facts, { epochMemory, slowFunction, lowGlobal });
  const body = new Body();
  const order = searchCalls(facts, parser, body, slowFunction);
  const written = writeBodies(facts, parser, body, order, options);
  return written.changed === 0 ? bytes : writeModule(facts, written);
}

/** New bodies and hints, by function; both lie in one buffer each. */
interface WrittenBodies {
  readonly bodies: ByteWriter;
  /** Start and end in `bodies` for each function; equal where the body stays as it was. */
  readonly bounds: Int32Array;
  readonly hints: ByteWriter;
  /** Start and end in `hints` for each function. */
  readonly hintBounds: Int32Array;
  readonly changed: number;
}

function searchCalls(
  facts: ModuleFacts,
  parser: BodyParser,
  body: Body,
  slowFunction: number,
): CallOrder {
  const count = facts.functionTypes.length;
  const graph = new CallGraph(count);
  for (let index = 0; index < count; index += 1) {
    if (index + facts.importedFunctions === slowFunction) body.clear();
    else parser.parse(index, body);
    graph.addBody(index, body);
  }
  const entered: number[] = [];
  for (const one of facts.entered) {
    const index = one - facts.importedFunctions;
    if (index >= 0) entered.push(index);
  }
  graph.addOutside(entered);
  return graph.search();
}

function writeBodies(
  facts: ModuleFacts,
  parser: BodyParser,
  body: Body,
  { order, component }: CallOrder,
  options: CheckOptions,
): WrittenBodies {
  const { epochMemory, slowFunction } = options;
  const { bytes, importedFunctions } = facts;
  const summaries = new Summaries(component);
  const placement = new Placement(summaries);
  const loops = new Loops();
  const emitter = new BodyEmitter(bytes, epochMemory, slowFunction);
  const bodies = new ByteWriter(bytes.length);
  const hints = new ByteWriter(1024);
  const bounds = new Int32Array(order.length * 2);
  const hintBounds = new Int32Array(order.length * 2);
  const isSure = (callee: number): boolean =>
    !summaries.isKnown(callee) || summaries.through(callee) < 0;
  let changed = 0;
  for (const index of order) {
    if (index + importedFunctions === slowFunction) {
      summaries.set(index, { head: 0, through: 0, tail: -1, unresolved: false });
      continue;
    }
    parser.parse(index, body);
    const isCycle = (callee: number): boolean =>
      !summaries.isKnown(callee) || summaries.returnsUnresolved(callee, index);
    loops.decide(bytes, body, isSure, isCycle);
    summaries.set(index, placeBody(placement, index, body, loops));
    const made = emitter.emit(body, loops);
    if (made === undefined) continue;
    changed += 1;
    bounds[index * 2] = bodies.length;
    bodies.copy(made, 0, made.length);
    bounds[index * 2 + 1] = bodies.length;
    hintBounds[index * 2] = hints.length;
    writeHints(hints, index + importedFunctions, emitter.hints);
    hintBounds[index * 2 + 1] = hints.length;
  }
  return { bodies, bounds, hints, hintBounds, changed };
}

/** Places checks in a body; one that calls itself twice, since the first time nothing is known about it. */
function placeBody(
  placement: Placement,
  index: number,
  body: Body,
  loops: Loops,
): ReturnType<Placement['place']> {
  const first = placement.place(index, body, loops, ANY_FUNCTION);
  if (!callsItself(body, index)) return first;
  const second = placement.place(index, body, loops, first);
  if (second.head <= first.head && second.through <= first.through) return second;
  return placement.place(index, body, loops, ANY_FUNCTION);
}

function callsItself(body: Body, index: number): boolean {
  for (let event = 0; event < body.count; event += 1) {
    const kind = body.kind[event];
    if ((kind === EVENT.call || kind === EVENT.tailCall) && body.a[event] === index) return true;
  }
  return false;
}

function writeHints(writer: ByteWriter, functionIndex: number, hints: readonly number[]): void {
  if (hints.length === 0) return;
  writer.unsigned(functionIndex);
  writer.unsigned(hints.length);
  for (const offset of hints) {
    writer.unsigned(offset);
    writer.u8(1);
    writer.u8(UNLIKELY);
  }
}

function writeModule(facts: ModuleFacts, written: WrittenBodies): Uint8Array {
  const { bytes, sections } = facts;
  const writer = new ByteWriter(bytes.length + bytes.length / 4 + 1024);
  writer.copy(bytes, 0, PREAMBLE_BYTES);
  for (const { id, name, start, end } of sections) {
    // Offsets in code are what a source map and older hints hold, and those have moved.
    if (name === 'sourceMappingURL' || name.startsWith('metadata.code.')) continue;
    if (id === SECTION.code) {
      writeSection(writer, SECTION.custom, buildHints(written));
      writeSection(writer, SECTION.code, buildCode(facts, written));
    } else {
      writer.copy(bytes, start, end);
    }
  }
  return writer.finish();
}

function buildHints({ hints, hintBounds }: WrittenBodies): Uint8Array {
  const writer = new ByteWriter(hints.length + 64);
  writer.name(HINT_SECTION);
  let functions = 0;
  for (let place = 0; place < hintBounds.length; place += 2) {
    if (hintBounds[place] !== hintBounds[place + 1]) functions += 1;
  }
  writer.unsigned(functions);
  const all = hints.view();
  for (let place = 0; place < hintBounds.length; place += 2) {
    writer.copy(all, hintBounds[place] ?? 0, hintBounds[place + 1] ?? 0);
  }
  return writer.view();
}

function buildCode(facts: ModuleFacts, { bodies, bounds }: WrittenBodies): Uint8Array {
  const count = facts.functionTypes.length;
  const writer = new ByteWriter(bodies.length + facts.bytes.length / 2 + 64);
  writer.unsigned(count);
  const all = bodies.view();
  for (let index = 0; index < count; index += 1) {
    const start = bounds[index * 2] ?? 0;
    const end = bounds[index * 2 + 1] ?? 0;
    if (start === end) {
      writer.copy(facts.bytes, facts.bodies[index * 3] ?? 0, facts.bodies[index * 3 + 2] ?? 0);
    } else {
      writer.unsigned(end - start);
      writer.copy(all, start, end);
    }
  }
  return writer.view();
}

function writeSection(writer: ByteWriter, id: number, contents: Uint8Array): void {
  writer.u8(id);
  writer.sized(contents);
}
