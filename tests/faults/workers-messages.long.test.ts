/** Messages between supervisor and workers that are lost, or arrive by half, while the host is under load. */
import t from 'tap';
import { runDirectoryOf } from '../../host/cluster/run-directory.ts';
import { misbehave } from '../guests/guests.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { helloOf, textOf } from './hello-of.ts';
import { LossyLink, type Fate, type Speaker } from './lossy-link.ts';
import { WorkersHost } from './workers-host.ts';

const LOAD = { path: '/app/', requestsPerSecond: 50, connections: 8 };
const ASKING = 32;

const isChange = (speaker: Speaker, text: string): boolean =>
  speaker === 'supervisor' && /"routes\.(?:apply|replace)"/.test(text);
const isLines = (speaker: Speaker, text: string): boolean =>
  speaker === 'worker' && text.includes('"log.lines"');

t.test(
  'whatever is lost between supervisor and workers, deployments and lines arrive',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const cluster = await WorkersHost.start(t);
    const { host } = cluster;
    await host.deploy('app', await helloOf(0));
    await host.deploy('bad', misbehave());
    const link = await LossyLink.open(t, runDirectoryOf(cluster.dataDir).supervisorSocket);
    const before = cluster.workers();
    for (const { pid } of before) process.kill(pid, 'SIGKILL');
    await cluster.untilReplaced(before);
    const load = await SteadyLoad.start(t, { ...LOAD, port: cluster.port });

    let version = 0;
    const deployNext = async (what: string, lost: Promise<void>): Promise<void> => {
      version += 1;
      t.match(await host.deploy('app', await helloOf(version)), { result: 'created' }, what);
      await lost;
      await cluster.until('two workers are there', () => cluster.allServe());
      const asked = Array.from({ length: ASKING }, () => host.call('/app/'));
      const texts = (await Promise.all(asked)).map(({ text }) => text);
      t.same([...new Set(texts)], [textOf(version)], `${what}: all serve the new version`);
    };
    for (const fate of ['lost', 'cut'] as const satisfies Fate[]) {
      await deployNext(`a change is ${fate}`, link.once(fate, isChange));
    }
    // The worker has the change, and nobody hears of it.
    let isTold = false;
    const answerLost = link.once('lost', (speaker, text) => {
      isTold ||= isChange(speaker, text);
      return isTold && speaker === 'worker' && text.includes('"result"');
    });
    await deployNext('an answer is lost', answerLost);

    const ids = ['first', 'second', 'third'];
    for (const [index, id] of ids.entries()) {
      const lost =
        index === 0
          ? link.once('lost', isLines)
          : index === 1
            ? link.once('cut', isLines)
            : undefined;
      const headers = { 'x-request-id': id };
      t.equal((await host.call('/bad/stdout', { headers })).status, 200);
      await lost;
    }
    const input = { params: { name: 'bad' }, query: { tail: 1000 } };
    // Most that were seen at once of each: the calls in between push older lines out of what is kept.
    const most = new Map<string, number>();
    await cluster.until('all lines are there', async () => {
      // Lines that were lost go with the next ones, which may have to come from the same worker.
      await Promise.all(Array.from({ length: 8 }, () => host.call('/bad/stdout')));
      const seen: string[] = [];
      for await (const event of host.api.callLines('GET /v1/functions/{name}/logs', input)) {
        if ('line' in event && event.line.stream === 'stdout') seen.push(event.line.requestId);
      }
      for (const id of ids) {
        const count = seen.filter((one) => one === id).length;
        most.set(id, Math.max(count, most.get(id) ?? 0));
      }
      return ids.every((id) => most.get(id) !== 0);
    });
    for (const id of ids) t.equal(most.get(id), 1, `${id} is there once`);
    const { failures, statuses } = await load.stop();
    t.same(Object.keys(statuses), ['200']);
    t.ok(
      failures.length <= 3 * LOAD.connections,
      'no more than what was in flight on those that were ended',
    );
  },
);
