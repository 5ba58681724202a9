import t from 'tap';
import { serverTimingField } from '../../host/invoke/server-timing.ts';

/** RFC 9110 tokens and quoted strings, as the grammar of Server Timing has them. */
const METRIC = String.raw`[!#$%&'*+.^_\x60|~\w-]+(?:;[\w-]+=(?:[\w.-]+|"[^"\\]*"))*`;

t.test('serverTimingField() says how a reply was made', (t) => {
  const [name, value] = serverTimingField({
    start: 'warm',
    startMs: 0.412_345,
    cpuMs: 1.833_000_1,
    peakMemoryBytes: 1_114_112,
  });
  t.equal(name, 'server-timing');
  t.equal(
    new TextDecoder().decode(value),
    'start;desc="warm";dur=0.412, cpu;dur=1.833, memory;desc="1114112 bytes"',
  );
  t.end();
});

t.test('whatever the numbers, it follows the grammar of Server Timing', (t) => {
  const grammar = new RegExp(`^${METRIC}(?:, ${METRIC})*$`);
  for (const ms of [0, -1e-9, 1e-9, 0.000_5, 1, 1e9, 123_456_789.123_456]) {
    const field = serverTimingField({ start: 'cold', startMs: ms, cpuMs: ms, peakMemoryBytes: 0 });
    t.match(new TextDecoder().decode(field[1]), grammar);
  }
  t.end();
});
