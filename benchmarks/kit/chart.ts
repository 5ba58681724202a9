/** What a chart shows, as data: results keep it, and it can be drawn again. */

/** A chart. */
export interface Chart {
  /** Of its file, without ending; letters, digits and hyphens. */
  readonly name: string;
  readonly title: string;
  /** `bars`: the first of each point is its label; `lines`: a number. */
  readonly kind: 'bars' | 'lines';
  /** What the lengths or heights are: `ms`, `requests/s`. */
  readonly unit: string;
  /** What the numbers along the foot of lines are. */
  readonly along?: string;
  /** Both axes, or that of the bars, by powers of ten. */
  readonly isLogarithmic?: boolean;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [at: number | string, value: number])[];
  }[];
}
