import t from 'tap';
import { Gate } from '../../host/base/gate.ts';

t.test('acquire() gives at most the limit at once and admits the next in order', async (t) => {
  const gate = new Gate(1, 2);
  const first = await gate.acquire();
  const second = gate.acquire();
  const third = gate.acquire();
  t.equal(gate.acquire(), undefined, 'a full queue refuses');
  t.equal(gate.waiting, 2);
  first?.release();
  first?.release();
  const lease = await second;
  t.equal(gate.held, 1, 'releasing twice gives back once');
  lease?.release();
  (await third)?.release();
  t.equal(gate.held, 0);
});

t.test('acquire() leaves the queue when its signal aborts', async (t) => {
  const gate = new Gate(1, 1);
  const held = await gate.acquire();
  const abort = new AbortController();
  const waiting = gate.acquire(abort.signal);
  abort.abort(new Error('client left'));
  await t.rejects(Promise.resolve(waiting), { message: 'client left' });
  t.equal(gate.waiting, 0);
  held?.release();
  t.equal(gate.held, 0);
});
