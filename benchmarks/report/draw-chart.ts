/** A chart → SVG text. The only file that knows the drawing library; it needs no browser and no DOM. */
import * as echarts from 'echarts';
import type { Chart } from '../kit/chart.ts';
import { formatNumber } from '../kit/output-lines.ts';

const WIDTH = 900;
const LINES_HEIGHT = 460;
const BAR_HEIGHT = 22;
const MARGIN_HEIGHT = 110;
/** Of a character of a label. */
const LABEL_WIDTH = 6.3;
/** Told apart by people who see colours otherwise, too (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/** Draws it. */
export function drawChart(chart: Chart): string {
  const height =
    chart.kind === 'lines'
      ? LINES_HEIGHT
      : MARGIN_HEIGHT + BAR_HEIGHT * Math.max(...chart.series.map(({ points }) => points.length));
  const drawing = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    drawing.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      color: COLOURS,
      textStyle: { fontFamily: 'sans-serif' },
      title: { text: chart.title, left: 'center', textStyle: { fontSize: 15 } },
      grid: { containLabel: true, left: 20, right: 90, top: 70, bottom: 40 },
      // Without a browser nothing measures text: names are farther apart than they look to the library.
      ...(chart.series.length > 1 ? { legend: { top: 34, itemGap: 60 } } : {}),
      ...(chart.kind === 'bars' ? drawBars(chart) : drawLines(chart)),
    });
    return `${drawing.renderToSVGString()}\n`;
  } finally {
    drawing.dispose();
  }
}

function drawBars({ unit, isLogarithmic, series }: Chart): echarts.EChartsCoreOption {
  const labels = series[0]?.points.map(([label]) => String(label)) ?? [];
  // Without a browser nothing measures text.
  const longest = Math.max(...labels.map((label) => label.length));
  return {
    grid: { left: 16 + LABEL_WIDTH * longest, right: 90, top: 70, bottom: 40 },
    xAxis:
      isLogarithmic === true
        ? { type: 'log', name: unit, ...beginBelow(series) }
        : { type: 'value', name: unit },
    // The first one stands on top.
    yAxis: { type: 'category', data: labels, inverse: true, axisLabel: { fontSize: 11 } },
    series: series.map(({ name, points }) => ({
      type: 'bar',
      name,
      data: points.map(([, value]) => value),
      label: {
        show: true,
        position: 'right',
        fontSize: 11,
        formatter: ({ value }: { value: number }) => formatNumber(value),
      },
    })),
  };
}

/** Bars begin at the left edge, a power of ten that all are longer than: at 1, those of less would point backwards. */
function beginBelow(series: Chart['series']): {
  readonly min: number;
  readonly startValue: number;
} {
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const min = 10 ** (Math.ceil(Math.log10(Math.min(...values))) - 1);
  return { min, startValue: min };
}

function drawLines({ unit, along, isLogarithmic, series }: Chart): echarts.EChartsCoreOption {
  const type = isLogarithmic === true ? 'log' : 'value';
  return {
    xAxis: { type, name: along, nameLocation: 'middle', nameGap: 28 },
    yAxis: { type, name: unit },
    series: series.map(({ name, points }) => ({ type: 'line', name, data: points })),
  };
}
