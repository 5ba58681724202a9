/**
 * Patterns of paths → functions, for one host: a tree with one level for each path segment, so that a
 * look-up costs the length of the path and not the number of routes.
 */
import type { FunctionRecord } from '../registry/model.ts';

/** One segment; `exact` answers the path that ends here, `below` every longer one. */
interface Node {
  readonly children: Map<string, Node>;
  exact: FunctionRecord | undefined;
  below: FunctionRecord | undefined;
}

/** The routes of one host. Filled once, then only read. */
export class RouteTable {
  readonly #root: Node = createNode();

  /**
   * Adds a route. Of two functions with the same one the first keeps it; the registry lets no second in.
   *
   * @param pattern `/exact/path`, or `/prefix/*`.
   */
  add(pattern: string, record: FunctionRecord): void {
    const isPrefix = pattern.endsWith('/*');
    const path = isPrefix ? pattern.slice(0, -2) : pattern;
    let node = this.#root;
    for (const segment of path.split('/').slice(1)) {
      let child = node.children.get(segment);
      if (child === undefined) {
        child = createNode();
        node.children.set(segment, child);
      }
      node = child;
    }
    if (isPrefix) node.below ??= record;
    else node.exact ??= record;
  }

  /**
   * Finds the longest route that matches: the exact one, else the longest prefix.
   *
   * @param target Raw request target, starting with `/`.
   * @param end Where its path ends and its query begins.
   */
  find(target: string, end: number): FunctionRecord | undefined {
    let node = this.#root;
    let found: FunctionRecord | undefined;
    for (let start = 1; start <= end;) {
      found = node.below ?? found;
      if (node.children.size === 0) return found;
      const slash = target.indexOf('/', start);
      const stop = slash === -1 || slash > end ? end : slash;
      const child = node.children.get(target.slice(start, stop));
      if (child === undefined) return found;
      node = child;
      start = stop + 1;
    }
    return node.exact ?? found;
  }
}

function createNode(): Node {
  return { children: new Map(), exact: undefined, below: undefined };
}
