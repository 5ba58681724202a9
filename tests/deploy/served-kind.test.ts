import t from 'tap';
import { servedKindOf } from '../../host/deploy/served-kind.ts';

const HANDLER_2 = 'wasi:http/incoming-handler@0.2.3';
const HANDLER_3 = 'wasi:http/handler@0.3.2';
const RUN_2 = 'wasi:cli/run@0.2.0';
const RUN_3 = 'wasi:cli/run@0.3.0';

t.test('a component is served by what it exports: HTTP first, then the newer line', (t) => {
  const cases: readonly (readonly [exports: readonly string[], kind: string, entry: string])[] = [
    [[HANDLER_2], 'http', HANDLER_2],
    [[HANDLER_3], 'http', HANDLER_3],
    [[HANDLER_2, HANDLER_3], 'http', HANDLER_3],
    [[RUN_3, HANDLER_2], 'http', HANDLER_2],
    [[RUN_2, RUN_3, HANDLER_3], 'http', HANDLER_3],
    [[RUN_2], 'command', RUN_2],
    [[RUN_2, RUN_3], 'command', RUN_3],
  ];
  for (const [exports, kind, entry] of cases) {
    t.match(servedKindOf(exports), { kind, entry: { interface: entry } }, exports.join(' '));
  }
  t.end();
});

t.test('what is not offered is refused with its reason', (t) => {
  for (const name of [
    'wasi:http/handler@0.3.3',
    'wasi:http/handler@0.3.0-rc-2026-01-06',
    'a:b/c',
  ]) {
    t.throws(() => servedKindOf([name]), { code: 'unknown_world', message: name }, name);
  }
  t.throws(() => servedKindOf([HANDLER_3], ['wasi:http/handler@0.3.0']), {
    code: 'composition_not_offered',
  });
  t.throws(() => servedKindOf([HANDLER_2], ['wasi:http/incoming-handler@0.2.0']), {
    code: 'composition_not_offered',
  });
  t.end();
});
