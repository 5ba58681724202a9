import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import '../../support/plain-spawn.ts';
import {
  parseStuckReport,
  STUCK_METHOD,
  type StuckReport,
} from '../../../host/cluster/watchdog/stuck-report.ts';
import { RpcLink } from '../../../host/links/rpc-link.ts';
import { listenOnPath } from '../../../host/links/unix-socket.ts';

const SCRIPT = join(import.meta.dirname, 'watched-process.ts');
const ROOT = join(import.meta.dirname, '..', '..', '..');
const RIGHTS = ['--permission', '--allow-net', '--allow-worker', `--allow-fs-read=${ROOT}`];
const WATCHDOG_MS = 200;
/** What a kill may take beyond that: looks, the report, and a machine that others use too. */
const SLACK_MS = 500;

// Most of them wait most of the time.
t.jobs = 3;

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly survived: boolean;
  readonly tookMs: number;
  readonly reports: readonly StuckReport[];
  readonly pid: number | undefined;
}

interface Watched {
  readonly child: ChildProcess;
  /** Begins to treat the event loop badly. */
  begin(): void;
  untilEnd(): Promise<Ended>;
}

async function startWatched(
  t: Test,
  mode: string,
  { hasSupervisor = true, watchdogMs = WATCHDOG_MS, flags = [] as readonly string[] } = {},
): Promise<Watched> {
  // Not in the test's own folder: the path of a socket must be short.
  const folder = await mkdtemp(join(tmpdir(), 'wd-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const socketPath = join(folder, 's');
  const reports: StuckReport[] = [];
  const handlers = { [STUCK_METHOD]: (params: unknown) => reports.push(parseStuckReport(params)) };
  let closed = Promise.resolve();
  if (hasSupervisor) {
    const server = await listenOnPath(socketPath, (socket) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      closed = promise;
      new RpcLink(socket, { handlers, onClose: () => resolve() });
    });
    t.teardown(() => server.close());
  }
  const child = spawn(
    process.execPath,
    [...flags, SCRIPT, mode, socketPath, String(watchdogMs)],
    // Nothing of tap is for this process, and the permission model warns that it is new.
    { stdio: ['pipe', 'pipe', 'ignore'], env: {} },
  );
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  let survived = false;
  let begunMs = performance.now();
  lines.on('line', (line) => {
    survived ||= line === 'survived';
  });
  return {
    child,
    begin: () => {
      begunMs = performance.now();
      child.stdin.write('go\n');
    },
    untilEnd: async () => {
      const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
      const tookMs = performance.now() - begunMs;
      await closed;
      return { signal, survived, tookMs, reports, pid: child.pid };
    },
  };
}

async function runWatched(...args: Parameters<typeof startWatched>): Promise<Ended> {
  const watched = await startWatched(...args);
  watched.begin();
  return watched.untilEnd();
}

function expectKilled(t: Test, ended: Ended, name: string | null): void {
  const { signal, survived, tookMs, reports, pid } = ended;
  t.match({ signal, survived }, { signal: 'SIGKILL', survived: false });
  t.ok(tookMs >= WATCHDOG_MS && tookMs < WATCHDOG_MS + SLACK_MS, `killed after ${tookMs} ms`);
  t.match(reports, [{ worker: 'worker-1', pid, function: name }]);
  t.ok((reports[0]?.stuckMs ?? 0) >= WATCHDOG_MS);
}

for (const mode of ['guest spins', 'host call sleeps']) {
  t.test(`a process is killed and the function that ran is named: ${mode}`, async (t) => {
    expectKilled(t, await runWatched(t, mode), 'guilty');
  });
}

t.test('it works under the permission model, without the right to make threads', async (t) => {
  expectKilled(t, await runWatched(t, 'guest spins', { flags: RIGHTS }), 'guilty');
});

for (const mode of ['host spins', 'guests alternate']) {
  t.test(`a process is killed and nobody is blamed: ${mode}`, async (t) => {
    let ended = await runWatched(t, mode);
    // A busy machine may not let it run between two looks, and then guests that alternate look like one.
    for (let again = 0; again < 2 && ended.reports[0]?.function !== null; again += 1) {
      ended = await runWatched(t, mode);
    }
    expectKilled(t, ended, null);
  });
}

t.test('a process is killed in time when the supervisor is away', async (t) => {
  const { signal, tookMs, reports } = await runWatched(t, 'guest spins', { hasSupervisor: false });
  t.equal(signal, 'SIGKILL');
  t.ok(tookMs < WATCHDOG_MS + SLACK_MS, `killed after ${tookMs} ms`);
  t.same(reports, []);
});

t.test('a process that was stopped as a whole is not killed when it goes on', async (t) => {
  const { child, begin, untilEnd } = await startWatched(t, 'idle');
  begin();
  child.kill('SIGSTOP');
  await delay(WATCHDOG_MS * 3);
  child.kill('SIGCONT');
  await delay(WATCHDOG_MS * 2);
  child.stdin?.write('end\n');
  t.match(await untilEnd(), { signal: null, survived: true, reports: [] });
});

for (const mode of ['recovers in time', 'closed, then spins']) {
  t.test(`a process is not killed: ${mode}`, async (t) => {
    t.match(await runWatched(t, mode), { signal: null, survived: true, reports: [] });
  });
}

// Unbuffered: it begins when the others are done, whose processes need their time.
t.test('a healthy process is not killed under full load', { buffered: false }, async (t) => {
  const watched = await startWatched(t, 'busy', { watchdogMs: WATCHDOG_MS * 2 });
  const burners = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--eval', 'for (;;) Math.random()'], { stdio: 'ignore' }),
  );
  t.teardown(() => burners.forEach((burner) => burner.kill('SIGKILL')));
  watched.begin();
  t.match(await watched.untilEnd(), { signal: null, survived: true, reports: [] });
});
