/** Results for people: a table in Markdown whose columns also line up as plain text. */

/** A table with a title above and remarks below. */
export interface Table {
  readonly title: string;
  /** Titles of the columns; the first one names the row. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly remarks: readonly string[];
}

/** Writes it as Markdown. */
export function formatTable({ title, head, rows, remarks }: Table): string {
  const widths = head.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const lines = [`### ${title}`, '', line(head), line(rule), ...rows.map(line), ''];
  return [...lines, ...remarks.flatMap((remark) => [remark, ''])].join('\n');
}
