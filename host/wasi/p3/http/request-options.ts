/** The resource `request-options` of `wasi:http/types` 0.3: that of 0.2 under other names, and it can be immutable. */
import { WitError } from '../../../component/host-interface.ts';
import { RequestOptions } from '../../http/request-options.ts';
import type { Guest } from '../../ports.ts';

/** Time-outs of one outgoing request. */
export class RequestOptions3 extends RequestOptions {
  readonly #guest: Guest;
  #immutable = false;

  constructor(guest: Guest) {
    super(guest);
    this.#guest = guest;
  }

  getConnectTimeout(): bigint | undefined {
    return this.connectTimeout();
  }

  override setConnectTimeout(durationNs: bigint | undefined): void {
    this.#throwIfImmutable();
    super.setConnectTimeout(durationNs);
  }

  getFirstByteTimeout(): bigint | undefined {
    return this.firstByteTimeout();
  }

  override setFirstByteTimeout(durationNs: bigint | undefined): void {
    this.#throwIfImmutable();
    super.setFirstByteTimeout(durationNs);
  }

  getBetweenBytesTimeout(): bigint | undefined {
    return this.betweenBytesTimeout();
  }

  override setBetweenBytesTimeout(durationNs: bigint | undefined): void {
    this.#throwIfImmutable();
    super.setBetweenBytesTimeout(durationNs);
  }

  clone(): RequestOptions3 {
    const copy = new RequestOptions3(this.#guest);
    copy.setConnectTimeout(this.connectTimeout());
    copy.setFirstByteTimeout(this.firstByteTimeout());
    copy.setBetweenBytesTimeout(this.betweenBytesTimeout());
    return copy;
  }

  /** A copy that a request shows: setting anything fails. */
  static view(options: RequestOptions3): RequestOptions3 {
    const copy = options.clone();
    copy.#immutable = true;
    return copy;
  }

  #throwIfImmutable(): void {
    if (this.#immutable) throw new WitError({ tag: 'immutable' });
  }
}
