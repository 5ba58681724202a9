/**
 * Resources of the host that a guest may hold from its start on and that belong to no invocation: its standard streams.
 * The image of an initial state cannot keep them, because they act for one guest; it keeps how to make them for another.
 */

/** Method of a resource that gives how to make it anew; undefined if it is not as it was when it was made. */
export const STANDING: unique symbol = Symbol('standing');

/** Makes the resource for a guest. */
export type MakeStanding = (guest: object) => unknown;

/** What stands in an image where an instance has such a resource. */
export class StandingResource {
  readonly make: MakeStanding;

  constructor(make: MakeStanding) {
    this.make = make;
  }

  /** @returns What stands for a resource in an image; undefined if nothing can. */
  static of(resource: unknown): StandingResource | undefined {
    if (typeof resource !== 'object' || resource === null || !(STANDING in resource)) {
      return undefined;
    }
    const make = (resource as { [STANDING](): MakeStanding | undefined })[STANDING]();
    return make === undefined ? undefined : new StandingResource(make);
  }
}
