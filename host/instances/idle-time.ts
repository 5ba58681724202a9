/** Work for when requests have been served: on Node's loop, after the I/O of the turn. */

/** Runs a task soon, but after what is under way. */
export type Soon = (task: () => void) => void;

/** At the end of the event loop's turn: responses of the turn have been written by then. */
export const afterThisTurn: Soon = (task) => {
  setImmediate(task);
};
