/**
 * Which locals of a function are known to hold an address that the low-water mark covers already, at the
 * place that a walk over its body has come to.
 *
 * A fact about a local ends where it is assigned, at the end of the block in which it came to be known
 * (others may get there by another way), and at the head of a loop that may assign it. So it holds
 * wherever it is believed: code at one level of a block is only reached through the code before it on that level.
 *
 * A fact says what constant the local holds, or: local + n, computed in 32 bits, is not below the mark for all n from 0 up to `slack`.
 */
import type { ByteReader } from './byte-reader.ts';
import { immediatesOf, OPCODE, readOpcode, skipImmediates } from './instructions.ts';

/** Reason of a fact that is of the other kind: what the local holds. */
const HOLDS = -2;

/** Facts about the locals of one body. */
export class CoveredLocals {
  /** Of facts of the other kind, the constant. */
  #slack = new Int32Array(0);
  /** Depth of the block that a fact holds in; 0 where nothing is known. */
  #depth = new Int32Array(0);
  /** Number of the insertion that a fact rests on, -1 if that is written anyway. */
  #reason = new Int32Array(0);
  #version = new Int32Array(0);
  /** Assignments that are still to come in the text of the body. */
  #assignments = new Int32Array(0);
  /** Locals with facts and the depths of these; depths never fall. May name what is known no longer. */
  readonly #known: number[] = [];
  readonly #knownDepths: number[] = [];
  /**
   * Locals with facts that are assigned further down, for the next loop; it empties the list, so that a body with many
   * loops costs no more than one pass.
   */
  readonly #assignedLater: number[] = [];

  /** Forgets everything. @param count Locals of the body, parameters included. */
  reset(count: number): void {
    this.#known.length = 0;
    this.#knownDepths.length = 0;
    this.#assignedLater.length = 0;
    if (this.#depth.length < count) {
      const room = Math.max(count, 2 * this.#depth.length);
      this.#slack = new Int32Array(room);
      this.#depth = new Int32Array(room);
      this.#reason = new Int32Array(room);
      this.#version = new Int32Array(room);
      this.#assignments = new Int32Array(room);
      return;
    }
    this.#depth.fill(0, 0, count);
    this.#version.fill(0, 0, count);
    this.#assignments.fill(0, 0, count);
  }

  /** Counts the assignments in a body, before the walk. @param reader At the first instruction. */
  announce(reader: ByteReader): void {
    while (!reader.done) {
      const opcode = readOpcode(reader);
      if (opcode === OPCODE.localSet || opcode === OPCODE.localTee) {
        const local = reader.u32();
        this.#assignments[local] = (this.#assignments[local] ?? 0) + 1;
      } else {
        skipImmediates(reader, immediatesOf(opcode));
      }
    }
  }

  /** Changes with every assignment. */
  versionOf(local: number): number {
    return this.#version[local] ?? 0;
  }

  /** The local is assigned. */
  assign(local: number): void {
    this.#depth[local] = 0;
    this.#version[local] = this.versionOf(local) + 1;
    this.#assignments[local] = (this.#assignments[local] ?? 0) - 1;
  }

  /** Notes a fact. @param reason Number of the insertion it rests on, or -1. */
  cover(local: number, slack: number, depth: number, reason: number): void {
    this.#slack[local] = slack;
    this.#reason[local] = reason;
    this.#depth[local] = depth;
    this.#known.push(local);
    this.#knownDepths.push(depth);
    if ((this.#assignments[local] ?? 0) > 0) this.#assignedLater.push(local);
  }

  /** Notes that the local holds a constant. */
  hold(local: number, constant: number, depth: number): void {
    this.cover(local, constant, depth, HOLDS);
  }

  /** What the local holds, if that is known. */
  constantOf(local: number): number | undefined {
    const isKnown = (this.#depth[local] ?? 0) > 0 && this.#reason[local] === HOLDS;
    return isKnown ? this.#slack[local] : undefined;
  }

  /** How much may be added to the local; 0 if nothing is known. */
  slackOf(local: number): number {
    if ((this.#depth[local] ?? 0) === 0 || this.#reason[local] === HOLDS) return 0;
    return this.#slack[local] ?? 0;
  }

  /** What the fact about the local rests on. */
  reasonOf(local: number): number {
    return this.#reason[local] ?? -1;
  }

  /** Ends facts that came to be known at a depth or below. */
  leave(depth: number): void {
    let left = this.#known.length;
    for (; left > 0 && (this.#knownDepths[left - 1] ?? 0) >= depth; left -= 1) {
      const local = this.#known[left - 1] ?? 0;
      if ((this.#depth[local] ?? 0) >= depth) this.#depth[local] = 0;
    }
    this.#known.length = left;
    this.#knownDepths.length = left;
  }

  /** A loop begins: what is assigned further down may be assigned in it. */
  enterLoop(): void {
    for (const local of this.#assignedLater) {
      if ((this.#assignments[local] ?? 0) > 0) this.#depth[local] = 0;
    }
    this.#assignedLater.length = 0;
  }
}
