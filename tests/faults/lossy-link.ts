/** Stands between the workers and their supervisor, and loses what a test wants to be lost. */
import { rename } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Test } from 'tap';
import { LineReader } from '../../host/links/line-reader.ts';

/** Who speaks. */
export type Speaker = 'supervisor' | 'worker';

/** What becomes of a message: it arrives, it does not, or the connection breaks in the middle of it. */
export type Fate = 'arrives' | 'lost' | 'cut';

const MAX_LINE_BYTES = 2 ** 24;

/** The way of all messages of the workers that connect from now on. */
export class LossyLink {
  /** Decides about each message. */
  fateOf: (speaker: Speaker, text: string) => Fate = () => 'arrives';
  readonly #realPath: string;

  private constructor(realPath: string) {
    this.#realPath = realPath;
  }

  /** Takes the place of the supervisor's socket, until the end of the test. */
  static async open(t: Test, socketPath: string): Promise<LossyLink> {
    const link = new LossyLink(`${socketPath}.real`);
    await rename(socketPath, link.#realPath);
    const server = createServer((socket) => link.#join(socket)).listen(socketPath);
    await once(server, 'listening');
    t.teardown(() => server.close());
    return link;
  }

  /** The first message that is meant has this fate; resolves when it came. */
  once(fate: Fate, isMeant: (speaker: Speaker, text: string) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.fateOf = (speaker, text) => {
      if (!isMeant(speaker, text)) return 'arrives';
      this.fateOf = () => 'arrives';
      resolve();
      return fate;
    };
    return promise;
  }

  #join(worker: Socket): void {
    const supervisor = connect(this.#realPath);
    this.#pass('worker', worker, supervisor);
    this.#pass('supervisor', supervisor, worker);
  }

  #pass(speaker: Speaker, from: Socket, to: Socket): void {
    const reader = new LineReader(MAX_LINE_BYTES);
    from.on('error', () => {}).on('close', () => to.destroy());
    from.on('data', (chunk: Buffer) => {
      for (const text of reader.push(chunk)) {
        const fate = this.fateOf(speaker, text);
        if (fate === 'arrives') to.write(`${text}\n`);
        if (fate !== 'cut') continue;
        to.end(text.slice(0, text.length / 2));
        from.destroy();
        return;
      }
    });
  }
}
