/**
 * The dashboard and the alerts of docs/monitoring, without Prometheus: they ask for nothing that the host does not export,
 * and nothing is missing that whoever is called at night needs. `live.long.test.ts` runs them.
 */
import t from 'tap';
import { findDeadLinks } from '../architecture/documents.ts';
import { readSource } from '../architecture/source-files.ts';
import {
  findLayoutFaults,
  queriesOf,
  readDashboard,
  variablesOf,
  withEverything,
} from './dashboard-file.ts';
import { exportedSeries, findUnknownValues } from './exported-metrics.ts';
import { readQueryNames } from './promql-names.ts';
import { readRules } from './rules-file.ts';

const series = exportedSeries();
const readme = readSource('docs/monitoring/README.md');
const rules = readRules(readSource('docs/monitoring/alerts.yaml').text).flatMap(
  (group) => group.rules,
);
const dashboard = readDashboard(readSource('docs/monitoring/dashboard.json').text);
const queries = queriesOf(dashboard);

/** What a query, and the texts that are filled from its outcome, name and the host does not export. */
function findStrangers(expr: string, templated: readonly string[] = []): readonly string[] {
  const { metrics, grouping } = readQueryNames(expr);
  const known = new Set(metrics.flatMap(({ name }) => series.get(name) ?? []));
  return [
    ...metrics.flatMap(({ name, matchers }) => {
      const labels = series.get(name);
      if (labels === undefined) return [name];
      return matchers.flatMap((matcher) =>
        labels.includes(matcher.label)
          ? findUnknownValues(name, matcher).map((value) => `${name}{${matcher.label}="${value}"}`)
          : [`${name}{${matcher.label}}`],
      );
    }),
    ...grouping.filter((label) => !known.has(label)).map((label) => `by (${label})`),
    // Without any grouping all labels are there.
    ...templated
      .filter((label) => !(grouping.length > 0 ? grouping.includes(label) : known.has(label)))
      .map((label) => `{{${label}}}`),
  ];
}

const labelsOf = (pattern: RegExp, text: string): readonly string[] =>
  [...text.matchAll(pattern)].map(([, label = '']) => label);

t.test('what a query names is read', (t) => {
  t.same(
    readQueryNames(
      'topk(3, sum by (a, le) (rate(m_bucket{b!~"x|y", c="{}"}[5m] offset 1h)) / on (a) group_left sum without(d)(n)) > 0.5 unless o == Inf # p',
    ),
    {
      metrics: [
        {
          name: 'm_bucket',
          matchers: [
            { label: 'b', operator: '!~', value: 'x|y' },
            { label: 'c', operator: '=', value: '{}' },
          ],
        },
        { name: 'n', matchers: [] },
        { name: 'o', matchers: [] },
      ],
      grouping: ['a', 'le', 'a', 'd'],
    },
  );
  t.throws(() => readQueryNames('{job="a"}'), /without the name of a metric/);
  t.throws(() => readQueryNames('a ~ b'), /Cannot read/);
  t.end();
});

t.test('a query that asks for what is not exported is found', (t) => {
  t.same(findStrangers('sum by (function) (rate(faas_shed_total{job="a"}[5m]))', ['function']), []);
  t.same(findStrangers('sum by (way) (faas_shed{a="1"}) + faas_shed_total{b="1"}', ['way', 'c']), [
    'faas_shed',
    'faas_shed_total{b}',
    'by (way)',
    '{{c}}',
  ]);
  t.same(findStrangers('faas_limit_exceeded_total{limit=~"cpu|cpus"}'), [
    'faas_limit_exceeded_total{limit="cpus"}',
  ]);
  t.same(findStrangers('faas_workers{state="running"}'), ['faas_workers{state="running"}']);
  t.same(findStrangers('faas_start_seconds{phase="total"}'), ['faas_start_seconds']);
  t.end();
});

t.test('the reader of rules refuses YAML that it does not know', (t) => {
  const rule = (line: string): string =>
    `groups:\n  - name: g\n    rules:\n      - alert: A\n        ${line}\n`;
  for (const line of [
    'expr: >-',
    'expr: "a"',
    'expr: [a]',
    'expr: a # b',
    'expr: 5',
    'exp: a',
    'alert: B',
    '  expr: a',
    'expr:a',
  ]) {
    t.throws(() => readRules(rule(line)), line);
  }
  const whole =
    "expr: |\n          a\n            + b\n\n        labels:\n          x: 'it''s'\n        annotations:\n          y: z";
  t.same(readRules(rule(whole)), [
    {
      name: 'g',
      rules: [{ alert: 'A', expr: 'a\n  + b', labels: { x: "it's" }, annotations: { y: 'z' } }],
    },
  ]);
  t.end();
});

t.test('alerts ask only for what the host exports', (t) => {
  t.ok(rules.length > 10, `${rules.length} rules`);
  for (const { alert, expr, annotations } of rules) {
    const shown = labelsOf(/\$labels\.(\w+)/g, Object.values(annotations).join(' '));
    t.same(findStrangers(expr, shown), [], alert);
  }
  t.end();
});

t.test('every alert says how bad it is, what is wrong and what to do', (t) => {
  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length, 'no name stands twice');
  for (const { alert, labels, annotations, ...rule } of rules) {
    t.match(alert, /^Faas[A-Z]\w+$/);
    t.match(rule.for ?? '0m', /^\d+m$/, alert);
    t.same(Object.keys(labels), ['severity'], alert);
    t.match(labels['severity'], /^(?:warning|critical)$/, alert);
    t.same(Object.keys(annotations), ['summary', 'description', 'runbook'], alert);
    t.ok((annotations['summary'] ?? '').length < 80, alert);
    t.match(annotations['description'], /\$value|\$labels/, alert);
    t.equal(annotations['runbook'], `docs/monitoring/README.md#${alert.toLowerCase()}`);
    t.match(readme.text, `\n### ${alert}\n`, alert);
  }
  const described = labelsOf(/^### (Faas\w+)$/gm, readme.text);
  t.same(
    [...described].sort(),
    rules.map(({ alert }) => alert).sort(),
    'and nothing else is described',
  );
  t.same(findDeadLinks(readme), []);
  t.end();
});

t.test('every alert is seen to fire and not to fire in the unit tests of the rules', (t) => {
  const { text } = readSource('tests/monitoring/alerts.unit.yaml');
  for (const { alert } of rules) {
    t.ok(text.includes(`ALERTS{alertname="${alert}",alertstate="firing"}`), alert);
  }
  t.end();
});

t.test('the dashboard has an order, and every panel a unit and queries', (t) => {
  t.same(findLayoutFaults(dashboard), []);
  const [first] = dashboard.panels;
  t.equal(first?.type, 'row', 'it begins with a row');
  t.ok(queries.length > 40, `${queries.length} queries`);
  const moved = structuredClone(dashboard);
  const [, one, other] = moved.panels;
  if (one === undefined || other === undefined) throw new Error('no panels');
  other.id = one.id;
  other.gridPos = { ...one.gridPos, x: 23 };
  one.gridPos.w = 24;
  t.equal(findLayoutFaults(moved).length > 2, true, 'faults are found');
  t.end();
});

t.test('the dashboard asks only for what the host exports', (t) => {
  for (const { where, expr, templates } of queries) {
    const shown = labelsOf(/\{\{(\w+)\}\}/g, templates.join(' '));
    t.same(findStrangers(withEverything(expr, '1m'), shown), [], where);
    t.notMatch(withEverything(expr, '1m'), '$', `${where} has no other variables`);
    t.match(expr, 'job=~"$job", instance=~"$instance"', `${where} heeds the selection of hosts`);
  }
  const variables = variablesOf(dashboard);
  t.same(
    variables.map(({ name }) => name),
    ['job', 'instance', 'function'],
  );
  for (const { name, selector, label } of variables) {
    t.same(findStrangers(withEverything(selector, '1m'), [label]), [], name);
  }
  t.end();
});

t.test('panels that the runbook names are there', (t) => {
  const titles = new Set(dashboard.panels.map(({ title }) => title));
  const runbook = readme.text.slice(readme.text.indexOf('## What to do'));
  const named = labelsOf(/\*([A-Z][^*]+)\*/g, runbook).map((name) => name.replaceAll('\n', ' '));
  t.ok(named.length > 5);
  t.same(
    named.filter((name) => !titles.has(name)),
    [],
  );
  t.end();
});

t.test('what has an alert has a line in a panel', (t) => {
  const shown = new Set(queries.flatMap(({ expr }) => namesOf(withEverything(expr, '1m'))));
  // Descriptors are a matter of one figure, which nobody watches.
  const unseen = new Set(['process_open_fds', 'process_max_fds']);
  for (const { alert, expr } of rules) {
    const missing = namesOf(expr).filter((name) => !shown.has(name) && !unseen.has(name));
    t.same(missing, [], alert);
  }
  t.end();
});

/** Metrics without what makes a histogram of them. */
function namesOf(expr: string): readonly string[] {
  return readQueryNames(expr).metrics.map(({ name }) => name.replace(/_(?:bucket|count|sum)$/, ''));
}
