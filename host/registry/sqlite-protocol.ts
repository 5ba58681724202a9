/** What the main side and the registry's thread say to each other: a method and its result, or a coded failure. */
import type { ErrorCode } from '../base/error-codes.ts';
import type { ErrorFields } from '../base/errors.ts';
import type { RegistryDatabase } from './registry-database.ts';

/** What the thread can be asked for. */
export type RegistryMethod = Exclude<keyof RegistryDatabase, symbol>;

/** Parameters of a method. */
export type RegistryParameters<M extends RegistryMethod> = Parameters<RegistryDatabase[M]>;

/** Result of a method. */
export type RegistryResult<M extends RegistryMethod> = ReturnType<RegistryDatabase[M]>;

/** One question. Questions are answered in order. */
export interface RegistryRequest {
  readonly id: number;
  readonly method: RegistryMethod;
  readonly parameters: readonly unknown[];
}

/** Its answer. */
export type RegistryReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: RegistryFailure };

/** A `HostError` on its way between threads, where classes get lost. */
export interface RegistryFailure {
  readonly code: ErrorCode;
  readonly fields: ErrorFields;
  readonly cause: unknown;
}
