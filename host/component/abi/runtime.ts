/** What emitted code uses of this folder: the first parameter of the script that `emit/` makes. */
import { WitError } from '../host-interface.ts';
import { AsyncState } from './async/async-state.ts';
import { ComponentState } from './component-state.ts';
import { GuestMemory } from './guest-memory.ts';
import {
  badCase,
  f32FromBits,
  f32ToBits,
  f64FromBits,
  f64ToBits,
  indexOfName,
  liftChar,
  lowerChar,
  unknownCase,
} from './numbers.ts';
import { OwnResource } from './own-resource.ts';
import { errorValueOf, toEnding } from './rule.ts';

/** By the names emitted code uses. */
export const abiRuntime = Object.freeze({
  Async: AsyncState,
  State: ComponentState,
  Memory: GuestMemory,
  Own: OwnResource,
  WitError,
  badCase,
  errorValueOf,
  f32FromBits,
  f32ToBits,
  f64FromBits,
  f64ToBits,
  indexOfName,
  liftChar,
  lowerChar,
  toEnding,
  unknownCase,
});
