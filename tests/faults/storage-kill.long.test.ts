/** Hosts killed one after the other on the same data directory, amid deployments, preparing and deletions. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startHostProcess } from '../e2e/host-process.ts';
import { example, wat } from '../guests/guests.ts';
import { checkAcknowledged, killAmidDeploys } from './kill-amid-deploys.ts';

const ROUNDS = 25;
const DEPLOYS = 30;

t.test(`${ROUNDS} hosts killed amid ${DEPLOYS} deployments each lose nothing`, async (t) => {
  const dataDir = join(t.testdir({}), 'data');
  const known = { versions: new Map<string, number>(), deleting: new Set<string>() };
  const bases = [await wat('hello'), example('hello-rust'), example('echo-rust')];
  for (let round = 0; round < ROUNDS; round += 1) {
    // A custom section makes them artifacts that no round before has prepared.
    const nonce = [0, 3, 1, 120, round];
    const guests = bases.map((guest) => Buffer.concat([guest, Buffer.from(nonce)]));
    const killAfter = 1 + ((round * 7) % (DEPLOYS - 2));
    await killAmidDeploys(t, dataDir, known, {
      guests,
      deploys: DEPLOYS,
      killAfter,
      nonce: String(round),
    });
  }
  const host = await startHostProcess(t, dataDir);
  await checkAcknowledged(t, host, known);
  for (const { name } of await host.functions()) {
    await host.api.json({ method: 'DELETE', path: `/v1/functions/${name}` });
  }
  await host.process.end('SIGTERM');
  const empty = await startHostProcess(t, dataDir);
  // Collection at the start has ended when the host is ready.
  for (const folder of ['artifacts', 'prepared', 'scratch']) {
    t.same(await readdir(join(empty.dataDir, folder)), [], `no orphan is left in ${folder}`);
  }
});
