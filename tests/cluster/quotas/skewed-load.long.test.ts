import t from 'tap';
import { compare } from './gate-host.ts';

const loads: readonly (readonly [concurrency: number, queue: number, load: number, ms: number])[] =
  [
    [64, 256, 1.5, 10],
    [64, 256, 0.95, 10],
    [64, 0, 1.2, 10],
    [10, 0, 1.2, 10],
    [1, 0, 1.2, 10],
    [10, 100, 1.5, 10],
    [10, 100, 1.3, 3],
    [1, 50, 1.5, 10],
    [1, 50, 0.9, 10],
    [1, 50, 1.5, 2],
    [3, 50, 2, 8],
  ];

for (const [concurrency, queue, load, serviceMs] of loads) {
  for (const shares of [
    [0.9, 0.1],
    [0.9, 0.04, 0.03, 0.03],
    [0.25, 0.25, 0.25, 0.25],
  ]) {
    const name = `${concurrency} places, ${load} of what fits, ${serviceMs} ms, parts ${shares.join(' ')}`;
    t.test(`${name}: within 5 % of one process`, (t) =>
      compare(t, { limits: { concurrency, queue }, load, serviceMs, shares, requests: 5000 }),
    );
  }
}
