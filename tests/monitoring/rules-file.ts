/**
 * Reads `docs/monitoring/alerts.yaml`: the little of YAML that is in it, so that no package is needed for one file. Nested
 * maps and lists by two spaces, plain and single-quoted texts on one line, and `|` blocks; anything else is an error.
 * `live.long.test.ts` compares the outcome with what Prometheus reads.
 */

/** One alert. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** Left out: it fires at once. */
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Alerts that are evaluated one after the other. */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

type Yaml = string | Yaml[] | { [key: string]: Yaml };

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

/**
 * Reads a file of rules.
 *
 * @throws {Error} If the text is not of the kind above, or not a file of alerts.
 */
export function readRules(text: string): readonly RuleGroup[] {
  const reader = new Reader(text);
  const root = reader.readNode(0);
  reader.assertEnd();
  return listOf(mapOf(root, ['groups'])['groups']).map((node) => {
    const group = mapOf(node, ['name', 'rules']);
    return { name: textOf(group['name']), rules: listOf(group['rules']).map(ruleOf) };
  });
}

function ruleOf(node: Yaml): AlertRule {
  const rule = mapOf(node, ['alert', 'expr', 'for', 'labels', 'annotations']);
  return {
    alert: textOf(rule['alert']),
    expr: textOf(rule['expr']).trim(),
    ...(rule['for'] === undefined ? {} : { for: textOf(rule['for']) }),
    labels: textsOf(rule['labels']),
    annotations: textsOf(rule['annotations']),
  };
}

function mapOf(node: Yaml | undefined, keys?: readonly string[]): { readonly [key: string]: Yaml } {
  if (typeof node !== 'object' || Array.isArray(node)) throw new Error('not a map');
  const strange = Object.keys(node).find((key) => keys?.includes(key) === false);
  if (strange !== undefined) throw new Error(`"${strange}" is not a key there`);
  return node;
}

function listOf(node: Yaml | undefined): readonly Yaml[] {
  if (!Array.isArray(node)) throw new Error('not a list');
  return node;
}

function textOf(node: Yaml | undefined): string {
  if (typeof node !== 'string') throw new Error('not a text');
  return node;
}

function textsOf(node: Yaml | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(mapOf(node)).map(([key, value]) => [key, textOf(value)]),
  );
}

class Reader {
  readonly #lines: Line[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split('\n').map((line, index) => {
      const [spaces = ''] = /^ */.exec(line) ?? [];
      return { number: index + 1, indent: spaces.length, text: line.slice(spaces.length) };
    });
  }

  readNode(indent: number): Yaml {
    return this.#peek()?.text.startsWith('- ') === true
      ? this.#readList(indent)
      : this.#readMap(indent);
  }

  assertEnd(): void {
    const line = this.#peek();
    if (line !== undefined) throw new Error(`Cannot read line ${line.number}: "${line.text}"`);
  }

  /** The next line that says something. */
  #peek(): Line | undefined {
    while (/^(?:#.*)?$/.test(this.#lines[this.#at]?.text ?? 'end')) this.#at += 1;
    return this.#lines[this.#at];
  }

  #readList(indent: number): Yaml[] {
    const list: Yaml[] = [];
    for (let line = this.#peek(); line?.indent === indent; line = this.#peek()) {
      if (!line.text.startsWith('- ')) break;
      // `- key: value` is a map whose first key stands two further.
      this.#lines[this.#at] = { ...line, indent: indent + 2, text: line.text.slice(2) };
      list.push(this.#readMap(indent + 2));
    }
    return list;
  }

  #readMap(indent: number): { [key: string]: Yaml } {
    const map: { [key: string]: Yaml } = {};
    for (let line = this.#peek(); line?.indent === indent; line = this.#peek()) {
      const match = /^(\w+):(?: (.+))?$/.exec(line.text);
      const [, key = '', value] = match ?? [];
      if (match === null || Object.hasOwn(map, key)) {
        throw new Error(`Cannot read line ${line.number}: "${line.text}"`);
      }
      this.#at += 1;
      if (value === undefined) map[key] = this.readNode(this.#peek()?.indent ?? 0);
      else map[key] = value === '|' ? this.#readBlock(indent) : scalarOf(value, line);
    }
    return map;
  }

  #readBlock(outer: number): string {
    const first = this.#lines[this.#at]?.indent ?? 0;
    const block: string[] = [];
    for (let line = this.#lines[this.#at]; line !== undefined; line = this.#lines[this.#at]) {
      if (line.text !== '' && line.indent <= outer) break;
      block.push(' '.repeat(Math.max(0, line.indent - first)) + line.text);
      this.#at += 1;
    }
    return `${block.join('\n').trimEnd()}\n`;
  }
}

function scalarOf(value: string, { number }: Line): string {
  const quoted = /^'((?:[^']|'')*)'$/.exec(value)?.[1];
  if (quoted !== undefined) return quoted.replaceAll("''", "'");
  // What would mean something else in YAML: another kind of value, or the beginning of one.
  if (/^["'[\]{}&*!|>%@`,?-]|: | #|^(?:true|false|null|yes|no|on|off|~)$|^[\d.]+$/i.test(value)) {
    throw new Error(`Cannot read line ${number}: "${value}" is not a plain text`);
  }
  return value;
}
