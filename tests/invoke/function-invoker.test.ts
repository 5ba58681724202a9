import t from 'tap';
import { example, misbehave } from '../guests/guests.ts';
import { openHarness } from './harness.ts';

t.test(
  'handle() serves a wasi:http component with a fresh instance for each request',
  async (t) => {
    const host = await openHarness(t);
    const hello = await host.deploy('hello', example('hello-rust'));
    const first = await host.call(hello, '/');
    t.match(first, { status: 200, body: 'Hello from Rust\n', ended: true });
    t.match(first.result, { outcome: 'ok', start: 'cold' });
    t.match((await host.call(hello, '/')).result, { outcome: 'ok', start: 'warm' });

    const state = await host.deploy('state', misbehave());
    t.equal(
      (await host.call(state, '/state')).body.trim(),
      (await host.call(state, '/state')).body.trim(),
    );
  },
);
