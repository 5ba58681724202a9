import t from 'tap';
import type { RunDirectory } from '../../host/cluster/run-directory.ts';
import { createWorkerSpec } from '../../host/cluster/worker-spec.ts';

const FLAG = '--disable-wasm-trap-handler';

t.test('a worker has the flag of Node that decides how memories are guarded, and no other', (t) => {
  const spec = (): readonly string[] =>
    createWorkerSpec('worker-1', {
      release: '1',
      dataDirectory: '/data',
      run: { supervisorSocket: '/data/run/s' } as RunDirectory,
      readable: [],
    }).arguments;
  const { NODE_OPTIONS: before } = process.env;
  t.teardown(() => {
    if (before === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = before;
  });
  process.env['NODE_OPTIONS'] = '';
  t.notOk(spec().includes(FLAG));
  process.env['NODE_OPTIONS'] = `--max-http-header-size=9000  ${FLAG}`;
  const flags = spec();
  t.equal(flags[0], FLAG);
  t.notOk(flags.includes('--max-http-header-size=9000'));
  t.end();
});
