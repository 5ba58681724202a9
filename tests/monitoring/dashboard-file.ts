/** Reads `docs/monitoring/dashboard.json`: its queries, and what is wrong with its shape. */
import { z } from 'zod';

const datasource = z.strictObject({
  type: z.literal('prometheus'),
  uid: z.literal('${datasource}'),
});

const target = z.looseObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string().min(1),
});

const gridPos = z.strictObject({
  h: z.int().min(1),
  w: z.int().min(1).max(24),
  x: z.int().min(0).max(23),
  y: z.int().min(0),
});

const step = z.strictObject({ value: z.number().nullable(), color: z.string().min(1) });

const panel = z.looseObject({
  id: z.int().min(1),
  type: z.enum(['stat', 'timeseries']),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource,
  gridPos,
  targets: z.array(target).min(1),
  fieldConfig: z.looseObject({
    defaults: z.looseObject({
      unit: z.enum(['reqps', 'ops', 'percentunit', 's', 'short', 'bytes', 'none']),
      thresholds: z.looseObject({ mode: z.literal('absolute'), steps: z.array(step).min(1) }),
    }),
    overrides: z.array(z.looseObject({})),
  }),
  options: z.looseObject({}),
});

const row = z.looseObject({
  id: z.int().min(1),
  type: z.literal('row'),
  title: z.string().min(1),
  collapsed: z.literal(false),
  gridPos,
  panels: z.array(z.never()),
});

const variable = z.looseObject({
  name: z.string().min(1),
  type: z.literal('query'),
  datasource,
  query: z.looseObject({ query: z.string().regex(/^label_values\((.+), (\w+)\)$/) }),
});

const dashboardSchema = z.looseObject({
  uid: z.literal('wasi-faas'),
  id: z.null(),
  title: z.string().min(1),
  schemaVersion: z.int().min(36),
  templating: z.strictObject({
    list: z
      .tuple([z.looseObject({ name: z.literal('datasource'), type: z.literal('datasource') })])
      .rest(variable),
  }),
  annotations: z.strictObject({
    list: z.array(z.looseObject({ name: z.string().min(1), datasource, expr: z.string().min(1) })),
  }),
  panels: z.array(z.discriminatedUnion('type', [row, panel])),
});

/** A dashboard of the shape Grafana imports. */
export type Dashboard = z.infer<typeof dashboardSchema>;

/** A query of the dashboard and where it stands. */
export interface DashboardQuery {
  readonly where: string;
  /** With Grafana's variables in it. */
  readonly expr: string;
  /** Texts with `{{label}}` that are filled from what it gives. */
  readonly templates: readonly string[];
}

/**
 * Reads the dashboard.
 *
 * @throws {ZodError} If its shape is not the one it should have.
 */
export function readDashboard(text: string): Dashboard {
  return dashboardSchema.parse(JSON.parse(text));
}

/** Panels with the same id, outside of the 24 columns, or one over the other. */
export function findLayoutFaults({ panels }: Dashboard): readonly string[] {
  return panels.flatMap((one, index) => {
    const faults: string[] = [];
    const { x, y, w, h } = one.gridPos;
    if (x + w > 24) faults.push(`${one.title} is too far to the right`);
    for (const other of panels.slice(index + 1)) {
      const { gridPos } = other;
      if (one.id === other.id) faults.push(`${one.title} and ${other.title} have one id`);
      const apart =
        x + w <= gridPos.x ||
        gridPos.x + gridPos.w <= x ||
        y + h <= gridPos.y ||
        gridPos.y + gridPos.h <= y;
      if (!apart) faults.push(`${one.title} and ${other.title} overlap`);
    }
    return faults;
  });
}

/** Queries of all panels and annotations. */
export function queriesOf(dashboard: Dashboard): readonly DashboardQuery[] {
  const ofPanels = dashboard.panels.flatMap((panel) =>
    panel.type === 'row'
      ? []
      : panel.targets.map(({ refId, expr, legendFormat }) => ({
          where: `${panel.title} ${refId}`,
          expr,
          templates: [legendFormat],
        })),
  );
  const ofAnnotations = dashboard.annotations.list.map(({ name, expr, textFormat }) => ({
    where: `annotation ${name}`,
    expr,
    templates: [String(textFormat)],
  }));
  return [...ofPanels, ...ofAnnotations];
}

/** Variables that are filled from a label: name, what is looked at, and the label. */
export function variablesOf(
  dashboard: Dashboard,
): readonly { readonly name: string; readonly selector: string; readonly label: string }[] {
  return dashboard.templating.list.slice(1).map(({ name, query }) => {
    const text = z.looseObject({ query: z.string() }).parse(query).query;
    const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
    return { name, selector, label };
  });
}

/** A query as Grafana sends it with everything selected. */
export function withEverything(expr: string, window: string): string {
  return expr
    .replaceAll('$__rate_interval', window)
    .replaceAll(/\$(?:job|instance|function)\b/g, '.*');
}
