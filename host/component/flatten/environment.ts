/**
 * The index spaces of one component instance, or of one type that is looked into, holding items instead
 * of counting them. Decoding made sure that every index exists when it is used.
 */
import { HostError } from '../../base/errors.ts';
import type { Sort } from '../decode/decoded-component.ts';
import type {
  ComponentItem,
  CoreInstance,
  CoreItem,
  FunctionItem,
  InstanceItem,
  Item,
  ModuleItem,
  TypeItem,
} from './items.ts';

/** What each index space holds. */
interface SpaceItems {
  'core-func': CoreItem;
  'core-table': CoreItem;
  'core-memory': CoreItem;
  'core-global': CoreItem;
  'core-tag': CoreItem;
  'core-type': undefined;
  'core-module': ModuleItem;
  'core-instance': CoreInstance;
  func: FunctionItem;
  value: undefined;
  type: TypeItem;
  component: ComponentItem;
  instance: InstanceItem;
}

type Spaces = { readonly [S in Sort]: SpaceItems[S][] };

/** Index spaces, with those around them. */
export class Environment {
  readonly #parent: Environment | undefined;
  readonly #allocateComponent: () => number;
  readonly #spaces: Spaces = {
    'core-func': [],
    'core-table': [],
    'core-memory': [],
    'core-global': [],
    'core-tag': [],
    'core-type': [],
    'core-module': [],
    'core-instance': [],
    func: [],
    value: [],
    type: [],
    component: [],
    instance: [],
  };
  #component: number | undefined;

  /**
   * @param parent What is around it, as written in the component.
   * @param allocateComponent Gives a component instance its index in the plan; a type has none.
   */
  constructor(parent: Environment | undefined, allocateComponent: () => number = refuseComponent) {
    this.#parent = parent;
    this.#allocateComponent = allocateComponent;
  }

  /**
   * Index of the component instance in the plan, given when it is first asked for: a component that only
   * renames what it was given needs no handle tables.
   */
  get component(): number {
    this.#component ??= this.#allocateComponent();
    return this.#component;
  }

  /** Adds to an index space. */
  define<S extends Sort>(sort: S, item: SpaceItems[S]): void {
    this.#spaces[sort].push(item);
  }

  /** Adds to the index space of its sort. */
  defineItem(item: Item): void {
    (this.#spaces[item.sort] as Item[]).push(item);
  }

  /** What an index stands for. */
  get<S extends Sort>(sort: S, index: number): SpaceItems[S] {
    const space: SpaceItems[S][] = this.#spaces[sort];
    if (index >= space.length) throw lost(`${sort} ${index}`);
    return space[index] as SpaceItems[S];
  }

  /** What an index of a sort that components export stands for. */
  getItem(sort: Sort, index: number): Item {
    const item = (this.#spaces[sort] as readonly unknown[])[index];
    if (item === undefined) throw lost(`${sort} ${index}`);
    return item as Item;
  }

  /** The index spaces `count` levels out. */
  ancestor(count: number): Environment {
    if (count === 0) return this;
    if (this.#parent === undefined) throw lost(`scope ${count}`);
    return this.#parent.ancestor(count - 1);
  }
}

function refuseComponent(): number {
  throw lost('component instance of a type');
}

/** Decoding and flattening disagree about an index space: a bug in one of them. */
function lost(what: string): HostError {
  return new HostError('internal_error', { reason: `flattening lost the ${what}` });
}
