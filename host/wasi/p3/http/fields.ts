/** The resource `fields` of `wasi:http/types` 0.3: the fields of 0.2, with an error of their own for those too large. */
import { Fields, type HeaderError } from '../../http/fields.ts';
import type { Field, Guest } from '../../ports.ts';

/** Headers or trailers. */
export class Fields3 extends Fields {
  static override fromList(guest: Guest, entries: readonly Field[]): Fields3 {
    return new Fields3(guest, Fields.check(entries, 'size-exceeded'));
  }

  getAndDelete(name: string): Uint8Array[] {
    const values = this.get(name);
    this.delete(name);
    return values;
  }

  copyAll(): Field[] {
    return this.entries();
  }

  override clone(): Fields3 {
    return new Fields3(this.guest, this.entries());
  }

  protected override get sizeTag(): HeaderError['tag'] {
    return 'size-exceeded';
  }
}
