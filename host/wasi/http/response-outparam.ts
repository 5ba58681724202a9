/** The resource `response-outparam` of `wasi:http/types`: where a guest puts its response, once. */
import type { Guest } from '../ports.ts';
import { createHttpError, type ErrorCode } from './error-code.ts';
import { Fields } from './fields.ts';
import type { Result } from './once.ts';
import type { OutgoingResponse } from './outgoing-response.ts';

/** What a guest answers. */
export type ResponseResult = Result<OutgoingResponse, ErrorCode>;

/** The place for one response. */
export class ResponseOutparam {
  readonly #onSet: (response: ResponseResult) => void;
  #used = false;

  /** @param onSet Called at most once, before `set` returns to the guest. */
  constructor(onSet: (response: ResponseResult) => void) {
    this.#onSet = onSet;
  }

  static set(guest: Guest, param: ResponseOutparam, response: ResponseResult): void {
    if (param.#used) {
      const rule = 'wasi:http response-outparam.set() was called twice';
      return guest.end({ kind: 'rule', rule });
    }
    param.#used = true;
    return param.#onSet(response);
  }

  /** Unstable in WASI 0.2, so it links; this host has no informational responses to send. */
  sendInformational(_status: number, headers: Fields): void {
    headers[Symbol.dispose]();
    throw createHttpError({
      tag: 'internal-error',
      val: 'this host sends no informational responses',
    });
  }

  [Symbol.dispose](): void {
    this.#used = true;
  }
}
