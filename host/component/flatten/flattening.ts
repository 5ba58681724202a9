/** What every step of one flattening shares. */
import type { CoreModule } from './core-module.ts';
import type { FlattenBudget } from './flatten-budget.ts';
import type { Item } from './items.ts';
import type { PlanBuilder } from './plan-builder.ts';

/** One flattening. */
export interface Flattening {
  readonly budget: FlattenBudget;
  readonly builder: PlanBuilder;
  /** The core module that lies at an offset of the component; one object for each. */
  readonly getModule: (offset: number, bytes: number) => CoreModule;
  /** Told of each import of the outermost component. */
  readonly onImport?: (name: string, item: Item) => void;
}
