/**
 * A process with a watchdog and an event loop that is treated badly, for `watchdog-thread.long.test.ts`:
 * `node watched-process.ts MODE SOCKET WATCHDOG_MS`. It says `ready`, and begins when stdin says so.
 */
import { once } from 'node:events';
import { systemClock } from '../../../host/base/clock.ts';
import { WatchdogThread } from '../../../host/cluster/watchdog/watchdog-thread.ts';
import { CpuMeter } from '../../../host/limits/cpu-meter.ts';
import { RunningBoard } from '../../../host/limits/running-board.ts';
import { Scheduler } from '../../../host/limits/scheduler.ts';
import { silentLog } from '../../../host/logs/log.ts';

const [mode = '', socketPath = '', watchdogMs = ''] = process.argv.slice(2);

const board = new RunningBoard();
const scheduler = await Scheduler.open({ clock: systemClock, board });
const watchdog = await WatchdogThread.open({
  board,
  watchdogMs: Number(watchdogMs),
  worker: 'worker-1',
  socketPath,
  log: silentLog,
});
// What a worker gives up before it runs guests.
if (process.permission !== undefined) process.permission.drop('worker');
within('innocent', () => burn(1));
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const modes: Readonly<Record<string, () => void | Promise<void>>> = {
  'guest spins': () => within('guilty', spin),
  'host call sleeps': () => within('guilty', sleep),
  'host spins': spin,
  'guests alternate': () => {
    for (;;) {
      within('one', () => burn(1));
      within('other', () => burn(1));
    }
  },
  'recovers in time': () => within('slow', () => burn(Number(watchdogMs) * 0.6)),
  busy: async () => {
    const untilMs = performance.now() + Number(watchdogMs) * 4;
    while (performance.now() < untilMs) {
      within('busy', () => burn(5));
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  idle: async () => {
    await once(process.stdin, 'data');
  },
  'closed, then spins': async () => {
    await watchdog.close();
    burn(Number(watchdogMs) * 3);
  },
};
await modes[mode]?.();
// The loop turns for a while: a watchdog that was about to kill has the time for it.
await new Promise((resolve) => setTimeout(resolve, Number(watchdogMs) / 2));
process.stdout.write('survived\n');
process.exit(0);

function within(name: string, work: () => void): void {
  const meter = new CpuMeter(scheduler, scheduler.share(name), board.take(name));
  meter.enter();
  work();
  meter.leave();
}

function spin(): void {
  for (;;) Math.random();
}

function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function burn(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) Math.random();
}
