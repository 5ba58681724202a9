/**
 * A resource that a component defines, in the hands of the host: what lifting a handle gives where
 * the host, not another component, takes it.
 */
import type { InstanceState } from './instance-state.ts';
import { breakRule } from './rule.ts';

/** A component's resource. Dispose it, or give it back to the component. */
export class OwnResource {
  readonly #instance: InstanceState;
  readonly #type: number;
  readonly #owned: boolean;
  /** Of the instance when it gave the resource: after a reset it knows nothing of it. */
  readonly #generation: number;
  #representation: unknown;
  #gone = false;

  /** @param owned Whether disposing it destroys the resource; false for what is borrowed. */
  constructor(instance: InstanceState, type: number, representation: unknown, owned: boolean) {
    this.#instance = instance;
    this.#generation = instance.generation;
    this.#type = type;
    this.#representation = representation;
    this.#owned = owned;
  }

  /** Representation of a resource of this type and instance, for a call; it stays in the host's hands. */
  static borrow(value: unknown, instance: InstanceState, type: number): unknown {
    if (!(value instanceof OwnResource) || value.#instance !== instance || value.#type !== type) {
      return breakRule('the host gave a resource of another type');
    }
    if (value.#gone || value.#generation !== instance.generation)
      return breakRule('the host gave a resource that it no longer holds');
    return value.#representation;
  }

  /** The same, and the resource leaves the host's hands. */
  static take(value: unknown, instance: InstanceState, type: number): unknown {
    const representation = OwnResource.borrow(value, instance, type);
    (value as OwnResource).#gone = true;
    return representation;
  }

  /** Runs the component's destructor. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#gone) return;
    this.#gone = true;
    if (!this.#owned || this.#generation !== this.#instance.generation) return;
    this.#instance.checkLive();
    this.#instance.run.enter();
    try {
      this.#instance.destroy(this.#type, this.#representation);
    } catch (error) {
      throw this.#instance.fail(error);
    } finally {
      this.#instance.run.leave();
    }
  }
}
