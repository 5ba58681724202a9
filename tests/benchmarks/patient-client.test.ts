import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { measurePatiently } from '../../benchmarks/kit/patient-client.ts';
import { describePeers, listPeerFigures } from '../../benchmarks/peers/peer-fairness.ts';
import { encodeRequest } from '../../benchmarks/load/encode-request.ts';
import { workerd } from '../../benchmarks/peers/workerd-peer.ts';

const request = encodeRequest('x.localhost', { method: 'GET', path: '/', body: '' });

t.test('a request without an answer counts as such, and the next one has a chance', async (t) => {
  let served = 0;
  const server = createServer((_, response) => {
    served += 1;
    // The second one waits for ever.
    if (served !== 2) response.end('ok');
  }).listen(0, '127.0.0.1');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const patience = { requests: 4, limitMs: 1000, totalMs: 20_000 };
  const samples = await measurePatiently(port, request, patience);
  t.same(
    samples.map((ms) => Number.isFinite(ms)),
    [true, false, true, true],
  );
  const hurried = await measurePatiently(port, request, { ...patience, totalMs: 0 });
  t.same(hurried, []);
});

t.test('a server that is gone answers nothing, and does not keep the client busy', async (t) => {
  const patience = { requests: 100, limitMs: 50, totalMs: 120 };
  const samples = await measurePatiently(1, request, patience);
  t.ok(samples.length <= 3, `${samples.length} attempts`);
  t.ok(samples.every((ms) => ms === Infinity));
});

t.test('what was not answered is no figure of a latency, but a share', async (t) => {
  const neighbour = { name: 'burners' as const, begin: async () => () => {} };
  const rounds = [[1, 2, Infinity, Infinity]];
  const fairness = {
    sides: [{ peer: workerd, path: '/', neighbour, rounds, version: '1' }],
    gaps: [{ name: 'jco-serve', reason: 'jco is not installed' }],
  };
  t.same(listPeerFigures(fairness), [
    { name: 'light-p50:workerd:burners', value: 2, unit: 'ms' },
    { name: 'light-unanswered:workerd:burners', value: 50, unit: '%' },
  ]);
  const plan = { rounds: 1, requests: 4, limitMs: 2000, totalMs: 2000 };
  const { rows } = describePeers(fairness, plan);
  t.match(rows[0], ['workerd, burners', '2', 'none in 2 s', 'none in 2 s', '50']);
  t.match(rows[1]?.at(-1), 'not measured: jco is not installed');
});
