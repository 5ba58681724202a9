/** The process of `steady-load.ts`: sends requests at a rate, whether the earlier ones were answered or not. */
import { Agent, request } from 'node:http';
import { SLOT_MS, type Failure, type LoadOrder, type LoadVerdict } from './steady-load.ts';

/** Answers after which load counts as begun. */
const BEGUN = 20;
/** How long an answer may take, ms. */
const PATIENCE_MS = 30_000;

const statuses: Record<string, number> = {};
const failures: Failure[] = [];
const texts: Record<string, { count: number; lastSentMs: number }> = {};
const slots: number[] = [];
const goals: { atAnswers: number }[] = [{ atAnswers: BEGUN }];
let sent = 0;
let answered = 0;
let longestMs = 0;
let isStopped = false;
let pending = 0;
const startMs = performance.now();
const nowMs = (): number => performance.timeOrigin + performance.now();

function send({ port, path }: LoadOrder, agent: Agent): void {
  sent += 1;
  pending += 1;
  let sentMs = nowMs();
  let isOver = false;
  const finish = (reason?: string): void => {
    if (isOver) return;
    isOver = true;
    pending -= 1;
    if (reason !== undefined) {
      failures.push({ port: one.socket?.localPort ?? localPort, reason, atMs: nowMs() });
    }
    if (isStopped && pending === 0) report();
  };
  let localPort = 0;
  const one = request(
    { host: '127.0.0.1', port, path, agent, timeout: PATIENCE_MS },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('error', () => finish('the answer broke off'));
      response.on('aborted', () => finish('the answer broke off'));
      response.on('end', () => {
        if (!response.complete) return finish('the answer broke off');
        count(response.statusCode ?? 0, text, sentMs);
        finish();
      });
    },
  );
  one.on('socket', (socket) => {
    // From here on it is on its way: before it has waited for a connection.
    sentMs = nowMs();
    const note = (): void => void (localPort = socket.localPort ?? 0);
    if (socket.connecting) socket.once('connect', note);
    else note();
  });
  one.on('timeout', () => one.destroy(new Error('no answer')));
  one.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  one.end();
}

function count(status: number, text: string, sentMs: number): void {
  answered += 1;
  statuses[status] = (statuses[status] ?? 0) + 1;
  const known = (texts[text.slice(0, 100)] ??= { count: 0, lastSentMs: 0 });
  known.count += 1;
  known.lastSentMs = Math.max(known.lastSentMs, sentMs);
  longestMs = Math.max(longestMs, nowMs() - sentMs);
  const slot = Math.floor((performance.now() - startMs) / SLOT_MS);
  while (slots.length <= slot) slots.push(0);
  slots[slot] = (slots[slot] ?? 0) + 1;
  if (answered >= (goals[0]?.atAnswers ?? Infinity)) {
    goals.shift();
    process.send?.('reached');
  }
}

function report(): void {
  // The first and the last slot were not whole.
  const verdict: LoadVerdict = {
    sent,
    answered,
    statuses,
    failures,
    texts,
    slots: slots.slice(1, -1),
    longestMs,
  };
  process.send?.(verdict);
}

process.once('message', (order: LoadOrder) => {
  const agent = new Agent({ keepAlive: true, maxSockets: order.connections, scheduling: 'fifo' });
  const perMs = order.requestsPerSecond / 1000;
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - startMs) * perMs);
    while (sent < due) send(order, agent);
  }, 1);
  process.on('message', (message: 'stop' | { readonly answers: number }) => {
    if (message !== 'stop') return void goals.push({ atAnswers: answered + message.answers });
    clearInterval(timer);
    isStopped = true;
    if (pending === 0) report();
  });
});
process.once('disconnect', () => process.exit(0));
