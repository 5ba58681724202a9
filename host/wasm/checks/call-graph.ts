/**
 * Who calls whom → an order in which callees come before callers, and which functions can reach each other.
 *
 * "Outside" is one more node: whatever is imported or called through a table or a reference leads there, and
 * from there every function that is exported or named by a table can be entered. The order is the one in
 * which a depth-first search from outside leaves the functions: a callee that is not before its caller is
 * still being searched, so that the call closes a cycle, and every cycle has such a call.
 */
import { doubled, EVENT, type Body } from './body.ts';

/** What the search found. */
export interface CallOrder {
  /** Functions with a body, callees first. */
  readonly order: Int32Array;
  /** Number of the strongly connected component of each function. */
  readonly component: Int32Array;
}

/** Edges between functions, in the order of the callers. */
export class CallGraph {
  readonly #functions: number;
  readonly #first: Int32Array;
  #edges: Int32Array = new Int32Array(1024);
  #count = 0;

  /** @param functions How many have a body. */
  constructor(functions: number) {
    this.#functions = functions;
    this.#first = new Int32Array(functions + 3);
  }

  /** Adds what a function calls; functions must come in order, and outside (with the number behind the last) at the end. */
  addBody(index: number, body: Body): void {
    this.#first[index] = this.#count;
    for (let event = 0; event < body.count; event += 1) {
      const kind = body.kind[event] ?? 0;
      if (kind === EVENT.call || kind === EVENT.tailCall) this.#add(body.a[event] ?? 0);
      else if (kind === EVENT.callOutside || kind === EVENT.tailCallOutside) {
        this.#add(this.#functions);
      }
    }
    this.#first[index + 1] = this.#count;
  }

  /** Says what outside can enter. @param entered Numbers of functions with a body. */
  addOutside(entered: Iterable<number>): void {
    this.#first[this.#functions] = this.#count;
    for (const index of entered) this.#add(index);
    this.#first[this.#functions + 1] = this.#count;
  }

  /** Searches, with outside first; functions that nothing reaches come last. */
  search(): CallOrder {
    const functions = this.#functions;
    const order = new Int32Array(functions);
    const component = new Int32Array(functions + 1).fill(-1);
    // Tarjan's algorithm with its recursion unrolled: hostile call graphs are a million deep.
    const number = new Int32Array(functions + 1);
    const low = new Int32Array(functions + 1);
    const next = new Int32Array(functions + 1);
    const path = new Int32Array(functions + 1);
    const open = new Int32Array(functions + 1);
    let found = 0;
    let left = 0;
    let openCount = 0;
    let components = 0;
    const searchFrom = (root: number): void => {
      let depth = 0;
      const enter = (node: number): void => {
        found += 1;
        number[node] = found;
        low[node] = found;
        next[node] = this.#first[node] ?? 0;
        path[depth] = node;
        depth += 1;
        open[openCount] = node;
        openCount += 1;
      };
      enter(root);
      while (depth > 0) {
        const node = path[depth - 1] ?? 0;
        const place = next[node] ?? 0;
        if (place < (this.#first[node + 1] ?? 0)) {
          next[node] = place + 1;
          const callee = this.#edges[place] ?? 0;
          if (number[callee] === 0) enter(callee);
          else if (component[callee] === -1) {
            low[node] = Math.min(low[node] ?? 0, number[callee] ?? 0);
          }
          continue;
        }
        depth -= 1;
        const caller = path[depth - 1] ?? 0;
        if (depth > 0) low[caller] = Math.min(low[caller] ?? 0, low[node] ?? 0);
        if (node < functions) {
          order[left] = node;
          left += 1;
        }
        if (low[node] !== number[node]) continue;
        for (let member = -1; member !== node;) {
          openCount -= 1;
          member = open[openCount] ?? 0;
          component[member] = components;
        }
        components += 1;
      }
    };
    searchFrom(functions);
    for (let node = 0; node < functions; node += 1) if (number[node] === 0) searchFrom(node);
    return { order, component };
  }

  #add(callee: number): void {
    if (this.#count === this.#edges.length) this.#edges = doubled(this.#edges);
    this.#edges[this.#count] = callee;
    this.#count += 1;
  }
}
