/**
 * Whatever belongs to a host is killed at whatever moment, alone or together, amid deployments, deletions and writes to a
 * store. What was acknowledged is there afterwards, what was not is there as a whole or not at all.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { example, wat } from '../guests/guests.ts';
import { helloOf, textOf } from './hello-of.ts';
import { checkAcknowledged, type Acknowledged } from './kill-amid-deploys.ts';
import { WorkersHost } from './workers-host.ts';

const ROUNDS = 15;
const FUNCTIONS = 3;
/** Longest time from the first deployment of a round until something is killed, ms. */
const LATEST_MS = 1500;
const KINDS = ['supervisor', 'launcher', 'worker', 'keyValue', 'preparing', 'all'] as const;
type Kind = (typeof KINDS)[number];

/** Another one shows others; `FAAS_TEST_SEED` repeats one. */
const seed = Number(process.env['FAAS_TEST_SEED'] ?? Date.now() % 1_000_000);

function createRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Processes of the host, by what they are. */
function findProcesses(cluster: WorkersHost): Readonly<Record<Kind, readonly number[]>> {
  const text = execFileSync('ps', ['-ww', '-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const children = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent]) => Number(parent) === cluster.supervisorPid);
  const childrenNamed = (name: string): number[] =>
    children.filter((words) => words.join(' ').includes(name)).map(([pid]) => Number(pid));
  const supervisor = [cluster.supervisorPid];
  const first = cluster.launcherPid();
  const launcher = [...cluster.sparePids(), ...(first === undefined ? [] : [first])];
  const worker = cluster.workers().map(({ pid }) => pid);
  const keyValue = childrenNamed('/key-value');
  const preparing = childrenNamed('prepare-child');
  const all = [...supervisor, ...launcher, ...worker, ...keyValue, ...preparing];
  return { supervisor, launcher, worker, keyValue, preparing, all };
}

/** What is asked for in a round, over and over. */
class Business {
  readonly known: Acknowledged = { versions: new Map(), deleting: new Set() };
  /** What the store has acknowledged last, and what was sent last. */
  written = 0;
  sent = 0;
  acknowledged = 0;
  #isOver = false;

  begin(): void {
    this.#isOver = false;
    this.acknowledged = 0;
  }

  end(): void {
    this.#isOver = true;
  }

  /** Deploys a function again and again until something fails or the round is over. */
  async deploy(cluster: WorkersHost, name: string, next: () => Promise<Uint8Array>): Promise<void> {
    while (!this.#isOver) {
      const { version } = await cluster.host.deploy(name, await next());
      this.known.versions.set(name, version.version);
      this.acknowledged += 1;
    }
  }

  async deployAndDelete(cluster: WorkersHost, bytes: Uint8Array): Promise<void> {
    while (!this.#isOver) {
      const { version } = await cluster.host.deploy('gone', bytes);
      this.known.versions.set('gone', version.version);
      this.known.deleting.add('gone');
      await cluster.host.api.json({ method: 'DELETE', path: '/v1/functions/gone' });
      this.known.versions.delete('gone');
      this.known.deleting.delete('gone');
      this.acknowledged += 1;
    }
  }

  async write(cluster: WorkersHost): Promise<void> {
    while (!this.#isOver) {
      const value = (this.sent += 1);
      const body = String(value);
      const { status } = await cluster.host.call('/store/value/k', { method: 'PUT', body });
      if (status !== 200) return;
      this.written = value;
      this.acknowledged += 1;
    }
  }
}

async function checkAll(t: Test, cluster: WorkersHost, business: Business): Promise<void> {
  await cluster.until('all workers serve', () => cluster.allServe());
  await checkAcknowledged(t, cluster.host, business.known);
  let value = 0;
  await cluster.until('the store answers', async () => {
    const { status, text } = await cluster.host.call('/store/value/k');
    value = status === 200 ? Number(text) : 0;
    // Nothing was written yet: then there is nothing to find.
    return status === 200 || (status === 404 && business.written === 0);
  });
  t.ok(value >= business.written && value <= business.sent, `${value} is in the store`);
  business.written = value;
}

t.test(
  `${ROUNDS} kills of anything at any moment lose nothing that was acknowledged`,
  { skip: process.platform !== 'linux' },
  async (t) => {
    t.comment(`FAAS_TEST_SEED=${seed}`);
    const random = createRandom(seed);
    const cluster = await WorkersHost.start(t);
    const known = await wat('hello');
    await cluster.host.deploy('store', example('kv-rust'), { keyValue: [{ label: 'default' }] });
    let version = 0;
    const next = async (): Promise<Uint8Array> => helloOf((version = (version + 1) % 1000));
    const business = new Business();
    for (let round = 0; round < ROUNDS; round += 1) {
      const killed = KINDS[Math.floor(random() * KINDS.length)] ?? 'all';
      const delayMs = random() * LATEST_MS;
      business.begin();
      const names = Array.from({ length: FUNCTIONS }, (_, index) => `app-${index}`);
      const work = Promise.allSettled([
        ...names.map((name) => business.deploy(cluster, name, next)),
        business.deployAndDelete(cluster, known),
        business.write(cluster),
      ]);
      await delay(delayMs);
      const victims = findProcesses(cluster)[killed];
      const killsSupervisor = victims.includes(cluster.supervisorPid);
      for (const pid of victims) kill(pid);
      business.end();
      await work;
      t.comment(
        `${killed} (${victims.length}) after ${Math.round(delayMs)} ms, ${business.acknowledged} acknowledged`,
      );
      if (killsSupervisor) await cluster.startSupervisor();
      await checkAll(t, cluster, business);
    }
    const bytes = await helloOf(999);
    await cluster.host.deploy('app-0', bytes);
    t.equal((await cluster.host.call('/app-0/')).text, textOf(999), 'and it takes deployments');
  },
);

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
