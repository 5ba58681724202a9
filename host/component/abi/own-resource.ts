/**
 * A resource that a component defines, in the hands of the host: what lifts `own` gives where no other
 * component but the host takes it.
 */
import { breakRule } from './rule.ts';
import type { InstanceState } from './instance-state.ts';

/** A component's resource. Dispose it, or give it back to the component. */
export class OwnResource {
  readonly #instance: InstanceState;
  readonly #type: number;
  readonly #destroy: ((representation: number) => unknown) | undefined;
  #representation: number | undefined;

  constructor(
    instance: InstanceState,
    type: number,
    representation: number,
    destroy: ((representation: number) => unknown) | undefined,
  ) {
    this.#instance = instance;
    this.#type = type;
    this.#representation = representation;
    this.#destroy = destroy;
  }

  /** Representation of a resource of this type and instance, for a call; it stays in the host's hands. */
  static borrow(value: unknown, instance: InstanceState, type: number): number {
    if (!(value instanceof OwnResource) || value.#instance !== instance || value.#type !== type) {
      return breakRule('the host gave a resource of another type');
    }
    const representation = value.#representation;
    if (representation === undefined) return breakRule('the host gave a resource it had given away');
    return representation;
  }

  /** The same, and the resource leaves the host's hands. */
  static take(value: unknown, instance: InstanceState, type: number): number {
    const representation = OwnResource.borrow(value, instance, type);
    (value as OwnResource).#representation = undefined;
    return representation;
  }

  /** Runs the component's destructor. Idempotent. */
  [Symbol.dispose](): void {
    const representation = this.#representation;
    this.#representation = undefined;
    if (representation === undefined || this.#destroy === undefined) return;
    this.#instance.checkLive();
    this.#instance.nested += 1;
    try {
      this.#destroy(representation);
    } catch (error) {
      throw this.#instance.fail(error);
    } finally {
      this.#instance.nested -= 1;
    }
  }
}
