/** The resource `request-options` of `wasi:http/types`: time-outs, in nanoseconds as WIT has them. */
import { chargeHostBytes, RESOURCE_BYTES } from '../host-bytes.ts';
import type { Guest } from '../ports.ts';

/** The longest delay a timer takes; longer ones mean the same to any invocation. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** Time-outs of one outgoing request. */
export class RequestOptions {
  readonly #refund: () => void;
  #gone = false;
  #connectNs: bigint | undefined;
  #firstByteNs: bigint | undefined;
  #betweenBytesNs: bigint | undefined;

  constructor(guest: Guest) {
    this.#refund = chargeHostBytes(guest, RESOURCE_BYTES);
  }

  connectTimeout(): bigint | undefined {
    return this.#connectNs;
  }

  setConnectTimeout(durationNs: bigint | undefined): void {
    this.#connectNs = durationNs;
  }

  firstByteTimeout(): bigint | undefined {
    return this.#firstByteNs;
  }

  setFirstByteTimeout(durationNs: bigint | undefined): void {
    this.#firstByteNs = durationNs;
  }

  betweenBytesTimeout(): bigint | undefined {
    return this.#betweenBytesNs;
  }

  setBetweenBytesTimeout(durationNs: bigint | undefined): void {
    this.#betweenBytesNs = durationNs;
  }

  [Symbol.dispose](): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#refund();
  }
}

/** The time-outs in milliseconds, as the outgoing client takes them. */
export function timeoutsOf(options: RequestOptions | undefined): {
  readonly connectTimeoutMs: number | undefined;
  readonly firstByteTimeoutMs: number | undefined;
  readonly betweenBytesTimeoutMs: number | undefined;
} {
  return {
    connectTimeoutMs: toMs(options?.connectTimeout()),
    firstByteTimeoutMs: toMs(options?.firstByteTimeout()),
    betweenBytesTimeoutMs: toMs(options?.betweenBytesTimeout()),
  };
}

function toMs(durationNs: bigint | undefined): number | undefined {
  if (durationNs === undefined) return undefined;
  return Math.min(Math.ceil(Number(durationNs) / 1e6), MAX_TIMEOUT_MS);
}
