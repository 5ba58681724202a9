/**
 * What the watchdog's thread does: looks at the running board, and when the main thread no longer turns its event loop,
 * tells the supervisor whose fault it is and kills the process. It runs from its own source text, so it must not use
 * anything outside itself but what it is given.
 */
import type { BoardLayout } from '../../limits/running-board.ts';
import type { StuckDetector } from './stuck-detector.ts';

/** What the thread is given when it starts; plain data. */
export interface WatchOrders {
  readonly board: SharedArrayBuffer;
  readonly layout: BoardLayout;
  readonly watchdogMs: number;
  readonly periodMs: number;
  /** How long the supervisor has to take the report, ms. */
  readonly reportMs: number;
  readonly socketPath: string;
  readonly worker: string;
  readonly method: string;
}

/** What the thread does things with. */
export interface WatchTools {
  readonly Detector: typeof StuckDetector;
  readonly net: Pick<typeof import('node:net'), 'connect'>;
}

/** Watches until the process is stuck, and then ends it. */
export function watchUntilStuck(orders: WatchOrders, { Detector, net }: WatchTools): void {
  const { board, layout, watchdogMs, periodMs, reportMs, socketPath, worker, method } = orders;
  const words = new Int32Array(board, 0, layout.placeBytes / 4);
  const bytes = new Uint8Array(board);
  const detector = new Detector(watchdogMs, periodMs);
  const timer = setInterval(() => {
    const stuck = detector.look(
      performance.now(),
      Atomics.load(words, layout.beat),
      Atomics.load(words, layout.running),
      Atomics.load(words, layout.excused) !== 0,
    );
    if (stuck === undefined) return;
    clearInterval(timer);
    end({ worker, pid: process.pid, function: nameOf(stuck.place), stuckMs: stuck.stuckMs });
  }, periodMs);

  function nameOf(place: number): string | null {
    if (place <= 0) return null;
    const offset = place * layout.placeBytes;
    const length = bytes[offset] ?? 0;
    return String.fromCharCode(...bytes.slice(offset + 1, offset + 1 + length));
  }

  /** Whatever becomes of the report, the process does not outlive it. */
  function end(params: object): void {
    const kill = (): void => void process.kill(process.pid, 'SIGKILL');
    setTimeout(kill, reportMs);
    const socket = net.connect(socketPath);
    socket.on('error', kill);
    // Once it is written it lies with the system, and arrives although the sender is dead.
    socket.write(`${JSON.stringify({ jsonrpc: '2.0', method, params })}\n`, kill);
  }
}
