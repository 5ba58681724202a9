/**
 * What a PromQL query names: metrics with their label matchers, and the labels it groups by. A rough reading, by
 * tokens, not a parser: whether the query is one at all is for Prometheus to say (`live.long.test.ts`).
 */

/** One `label op "value"`. */
export interface LabelMatcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** One use of a metric. */
export interface MetricUse {
  readonly name: string;
  readonly matchers: readonly LabelMatcher[];
}

/** Everything a query names. */
export interface QueryNames {
  readonly metrics: readonly MetricUse[];
  /** Labels after `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`. */
  readonly grouping: readonly string[];
}

const TOKEN =
  /(?<space>\s+|#.*)|(?<text>"(?:[^"\\]|\\.)*"|'[^']*')|(?<word>[A-Za-z_:][\w:]*)|(?<range>\[[^\]]*\])|(?<number>\d[\w.]*)|(?<sign>=~|!~|[=!<>]=|[-+*/%^<>=(){},@])/y;
const OPERATORS = new Set(['and', 'or', 'unless', 'offset', 'bool', 'atan2', 'start', 'end']);
const GROUPERS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
/** A number that is a word for the tokens. */
const CONSTANTS = new Set(['Inf', 'inf', 'NaN', 'nan']);

/**
 * Reads what a query names.
 *
 * @throws {Error} If there is something in it that no query has.
 */
export function readQueryNames(query: string): QueryNames {
  const tokens = tokensOf(query);
  const metrics: MetricUse[] = [];
  const grouping: string[] = [];
  let at = 0;
  const listUntil = (end: string): readonly string[] => {
    const from = at;
    while (at < tokens.length && tokens[at] !== end) at += 1;
    at += 1;
    return tokens.slice(from, at - 1).filter((token) => token !== ',');
  };
  while (at < tokens.length) {
    const token = tokens[at] ?? '';
    at += 1;
    if (!/^[A-Za-z_:]/.test(token) || OPERATORS.has(token) || CONSTANTS.has(token)) {
      if (token === '{') throw new Error(`a selector without the name of a metric: ${query}`);
      continue;
    }
    const next = tokens[at];
    if (GROUPERS.has(token)) {
      if (next === '(') at += 1;
      if (next === '(') grouping.push(...listUntil(')'));
    } else if (next === '{') {
      at += 1;
      metrics.push({ name: token, matchers: matchersOf(listUntil('}'), query) });
    } else if (next !== '(' && !GROUPERS.has(next ?? '')) {
      metrics.push({ name: token, matchers: [] });
    }
  }
  return { metrics, grouping };
}

function tokensOf(query: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < query.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(query);
    if (match === null) throw new Error(`Cannot read "${query.slice(from)}" in ${query}`);
    if (match.groups?.['space'] === undefined) tokens.push(match[0]);
  }
  return tokens;
}

function matchersOf(tokens: readonly string[], query: string): readonly LabelMatcher[] {
  const matchers: LabelMatcher[] = [];
  for (let at = 0; at < tokens.length; at += 3) {
    const [label = '', operator = '', text = ''] = tokens.slice(at, at + 3);
    if (!/^\w+$/.test(label) || !isOperator(operator) || !/^["']/.test(text)) {
      throw new Error(`"${label}${operator}${text}" is no matcher in ${query}`);
    }
    matchers.push({ label, operator, value: text.slice(1, -1) });
  }
  return matchers;
}

function isOperator(text: string): text is LabelMatcher['operator'] {
  return text === '=' || text === '!=' || text === '=~' || text === '!~';
}
