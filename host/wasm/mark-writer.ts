/** Writes the instructions that lower the low-water mark, and counts the locals they need. */
import type { Insertions } from './insertions.ts';
import { OPCODE } from './instructions.ts';

/** Block type of a block without parameters and results. */
const VOID = 0x40;
const I32 = 0x7f;

/** Writes for one body after another. */
export class MarkWriter {
  readonly #mark: number;
  readonly #insertions: Insertions;
  #firstOwn = 0;
  readonly #own: { readonly role: number; readonly type: number }[] = [];

  /** @param mark Index of the global that holds the mark. */
  constructor(mark: number, insertions: Insertions) {
    this.#mark = mark;
    this.#insertions = insertions;
  }

  /** Codes of the types of the locals that are needed behind those of the body. */
  get localTypes(): readonly number[] {
    return this.#own.map(({ type }) => type);
  }

  /** Starts a body. @param locals It has so many of its own, parameters included. */
  reset(locals: number): void {
    this.#firstOwn = locals;
    this.#own.length = 0;
  }

  /** Lowers the mark to the address that a local holds. */
  toLocal(local: number): void {
    this.#compare(() => this.#write(OPCODE.localGet, local));
  }

  /** Lowers the mark to a constant address. */
  toConstant(address: number): void {
    this.#compare(() => {
      this.#insertions.code.u8(OPCODE.i32Const);
      this.#insertions.code.signed(address | 0);
    });
  }

  /**
   * Lowers the mark to the address that lies below other operands.
   *
   * @param above Types of these operands, from the lowest up.
   */
  toOperand(above: readonly number[]): void {
    const address = this.#ownLocal(0, I32);
    const saved = above.map((type, role) => this.#ownLocal(role + 1, type));
    for (const local of saved.toReversed()) this.#write(OPCODE.localSet, local);
    this.#write(OPCODE.localSet, address);
    this.toLocal(address);
    this.#write(OPCODE.localGet, address);
    for (const local of saved) this.#write(OPCODE.localGet, local);
  }

  /** `if (address < mark) mark = address`. */
  #compare(writeAddress: () => void): void {
    const { code } = this.#insertions;
    writeAddress();
    this.#write(OPCODE.globalGet, this.#mark);
    code.u8(OPCODE.i32LessSigned);
    this.#insertions.markIf();
    code.u8(OPCODE.if);
    code.u8(VOID);
    writeAddress();
    this.#write(OPCODE.globalSet, this.#mark);
    code.u8(OPCODE.end);
  }

  #write(opcode: number, index: number): void {
    this.#insertions.code.u8(opcode);
    this.#insertions.code.unsigned(index);
  }

  /** A local behind those of the body, one for each role and type. */
  #ownLocal(role: number, type: number): number {
    let place = this.#own.findIndex((one) => one.role === role && one.type === type);
    if (place < 0) place = this.#own.push({ role, type }) - 1;
    return this.#firstOwn + place;
  }
}
