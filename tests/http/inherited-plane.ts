/** A program for a test: serves on the listening socket that it was given as descriptor 3, until stdin ends. */
import { systemClock } from '../../host/base/clock.ts';
import { configSchema } from '../../host/config/schema.ts';
import { openDataPlane } from '../../host/http/data-plane.ts';
import { silentLog } from '../../host/logs/log.ts';
import { Router } from '../../host/traffic/router.ts';
import { createRecord, createSnapshot } from '../traffic/test-records.ts';

const router = new Router(createSnapshot(createRecord('app')), 'localhost');
const plane = await openDataPlane({
  config: configSchema.parse({ dataDir: 'unused', listen: '127.0.0.1:1' }),
  log: silentLog,
  clock: systemClock,
  router: () => router,
  listenFd: 3,
  invoker: {
    handle: async (_record, _request, responder) => {
      responder.begin(200, []).write(Buffer.from(`from ${process.pid}`));
      responder.end(undefined);
      return { outcome: 'ok' };
    },
  },
});
process.stdout.write(`${JSON.stringify(plane.address)}\n`);
process.stdin.resume().on('end', () => void plane.close(1000));
