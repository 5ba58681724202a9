/** The flags that `faas serve` gives itself: each unless it was given, and none that would spoil code caches. */
import t from 'tap';
import { missingV8Flags } from '../../cli/v8-flags.js';
import { TAGGED_FLAGS } from '../../host/engine/code-cache.ts';

t.test('each is missing unless it was given, in whatever form', (t) => {
  const { execArgv } = process;
  const { NODE_OPTIONS: options } = process.env;
  t.teardown(() => {
    process.execArgv = execArgv;
    if (options === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = options;
  });
  delete process.env['NODE_OPTIONS'];
  process.execArgv = [];
  const all = missingV8Flags();
  t.equal(all.length, 7);
  process.execArgv = [
    '--memory-reducer',
    '--initial_old_space_size=64',
    '--max-old-space-size-percentage=50',
  ];
  t.same(missingV8Flags(), [
    '--external-memory-accounted-in-global-limit',
    '--no-allocation-site-pretenuring',
    '--wasm-lazy-validation',
    '--experimental-wasm-compilation-hints',
  ]);
  process.execArgv = [...all];
  t.same(missingV8Flags(), [], 'a process that has begun anew does not do so again');
  t.end();
});

t.test('workers and preparing processes get all that change code caches', (t) => {
  for (const flag of missingV8Flags()) {
    // Workers get it as well (`worker-spec.ts`); a preparing process has a limit of its own.
    if (flag.startsWith('--max-old-space-size=')) continue;
    t.ok(
      TAGGED_FLAGS.some((tagged) => tagged.test(flag)),
      flag,
    );
  }
  t.end();
});
