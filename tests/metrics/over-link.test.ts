import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { RpcLink } from '../../host/links/rpc-link.ts';
import { connectToPath, listenOnPath } from '../../host/links/unix-socket.ts';
import type { DumpRequest } from '../../host/metrics/metrics-dump.ts';
import { readResidentBytes } from '../../host/metrics/resident-memory.ts';
import type { WorkerFeed } from '../../host/metrics/worker-feed.ts';
import type { WorkerObserver } from '../../host/metrics/worker-observer.ts';
import { okCount, report, scrape } from './scrape.ts';
import { TestCluster } from './test-cluster.ts';

t.test('over a link that breaks again and again each invocation counts once', async (t) => {
  const cluster = new TestCluster();
  // Paths of sockets are short.
  const directory = await mkdtemp(join(tmpdir(), 'faas-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 's');
  const feeds = new Map<RpcLink, WorkerFeed>();
  const server = await listenOnPath(path, (socket) => {
    const link: RpcLink = new RpcLink(socket, {
      handlers: {
        hello: (params) => {
          const { worker } = params as { worker: string };
          feeds.set(
            link,
            cluster.metrics.join(worker, (request) => link.call('metrics.dump', request, 1000)),
          );
        },
        'metrics.page': (page) => feeds.get(link)?.accept(page),
      },
      onClose: () => feeds.get(link)?.depart(),
    });
  });
  t.teardown(() => server.close());
  const connect = async (id: string, worker: WorkerObserver): Promise<RpcLink> => {
    const socket = await connectToPath(path);
    if (socket === undefined) throw new Error('nobody listens');
    const link = new RpcLink(socket, {
      handlers: { 'metrics.dump': (request) => worker.dump(request as DumpRequest) },
    });
    await link.call('hello', { worker: id });
    return link;
  };
  const use = (worker: WorkerObserver): void => {
    for (let index = 0; index < 100; index += 1) worker.invocation(report(`fn-${index}`));
  };
  const steady = cluster.createWorker();
  const shaky = cluster.createWorker();
  const links = [await connect('worker-1', steady)];
  for (let round = 0; round < 10; round += 1) {
    const link = await connect('worker-2', shaky);
    use(steady);
    use(shaky);
    // The link breaks while the worker is asked: before, between or after its pages.
    const scraping = scrape(cluster.metrics);
    for (let turn = 0; turn < round * 8; turn += 1) await new Promise(setImmediate);
    link.close();
    await scraping;
  }
  const last = await connect('worker-2', shaky);
  await shaky.flush(async (page) => (await last.call('metrics.page', page)) as DumpRequest);
  last.close();
  const samples = await scrape(cluster.metrics);
  for (let index = 0; index < 100; index += 1) {
    if (samples.get(okCount(`fn-${index}`)) !== 20) t.fail(`fn-${index}`);
  }
  t.ok(samples.has('process_resident_memory_bytes{process="worker-1"}'));
  t.notOk(samples.has('process_resident_memory_bytes{process="worker-2"}'));
  for (const link of links) link.close();
});

t.test('readResidentBytes() knows processes that are there', async (t) => {
  const bytes = readResidentBytes(process.pid) ?? 0;
  t.ok(bytes > 1e6 && Math.abs(bytes - process.memoryUsage.rss()) < 1e8);
  t.equal(readResidentBytes(2 ** 30), undefined);
});
