import t from 'tap';
import { alternate } from '../../benchmarks/kit/alternate.ts';
import { formatLines, formatNumber } from '../../benchmarks/kit/output-lines.ts';
import { formatTable } from '../../benchmarks/kit/table.ts';

t.test('every ratio and figure has a line of its own', async (t) => {
  const text = formatLines(
    [{ name: 'fresh:hello-rust/fastify', value: 0.05 }],
    [{ name: 'cold-p50:hello-rust', value: 2.1, unit: 'ms' }],
  );
  t.equal(text, 'ratio fresh:hello-rust/fastify 0.05\nfigure cold-p50:hello-rust 2.1 ms\n');
});

t.test('a line that a script would misread is not written', async (t) => {
  const figure = { name: 'two words', value: 1, unit: 'ms' };
  t.throws(() => formatLines([], [figure]), { message: /no blanks/ });
  t.throws(() => formatLines([{ name: 'a/b', value: Number.NaN }], []), { message: /NaN/ });
});

t.test('numbers keep four digits and never have an exponent', async (t) => {
  for (const [value, text] of [
    [0, '0'],
    [71_152.4, '71152'],
    [100, '100'],
    [2.1, '2.1'],
    [12.3456, '12.35'],
    [0.000_012_346_1, '0.00001235'],
    [0.000_000_1, '0.0000001'],
  ] as const) {
    t.equal(formatNumber(value), text);
  }
});

t.test('a table is Markdown whose columns line up', async (t) => {
  const text = formatTable({
    title: 'Speed',
    head: ['side', 'rps'],
    rows: [
      ['fastify', '95000'],
      ['us', '5'],
    ],
    remarks: ['One run.'],
  });
  t.equal(
    text,
    [
      '### Speed',
      '',
      '| side    |   rps |',
      '| ------- | ----: |',
      '| fastify | 95000 |',
      '| us      |     5 |',
      '',
      'One run.',
      '',
    ].join('\n'),
  );
});

t.test('each round begins with another side and has all of them', async (t) => {
  t.same(alternate(['a', 'b', 'c'], 4), [
    ['a', 'b', 'c'],
    ['b', 'c', 'a'],
    ['c', 'a', 'b'],
    ['a', 'b', 'c'],
  ]);
});
