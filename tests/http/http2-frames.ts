/** Frames of HTTP/2, written by hand (RFC 9113, RFC 7541): what no well-behaved client sends. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { Test } from 'tap';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const TYPES = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const;
const END_STREAM = 1;
const END_HEADERS = 4;

/** A frame that was received. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: keyof typeof TYPES,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
  flags = 0,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head[3] = TYPES[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The head of a request, every field as a literal. */
export function headers(
  stream: number,
  fields: Readonly<Record<string, string>> = {},
  isWhole = true,
): Buffer {
  const all = {
    ':method': 'GET',
    ':scheme': 'https',
    ':path': '/app/',
    ':authority': 'localhost',
    ...fields,
  };
  const block = Object.entries(all).flatMap(([name, value]) => [
    Buffer.from([0]),
    text(name),
    text(value),
  ]);
  const flags = END_HEADERS | (isWhole ? END_STREAM : 0);
  return frame('headers', stream, Buffer.concat(block), flags);
}

export function reset(stream: number, code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame('reset', stream, payload);
}

export function data(stream: number, bytes: string): Buffer {
  return frame('data', stream, Buffer.from(bytes));
}

/** A connection on which a test says exactly what it wants, after the preface and empty settings. */
export class FrameClient {
  readonly socket: TLSSocket;
  readonly frames: Frame[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', () => {});
    socket.on('close', () => this.#wake());
  }

  static async open(t: Test, port: number): Promise<FrameClient> {
    const socket = connect({
      port,
      host: '127.0.0.1',
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    });
    t.teardown(() => socket.destroy());
    const client = new FrameClient(socket);
    await once(socket, 'secureConnect');
    client.send(PREFACE, frame('settings', 0));
    return client;
  }

  send(...frames: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** Waits for a frame of one of these types; undefined if the connection ended without it. */
  async until(...types: readonly (keyof typeof TYPES)[]): Promise<Frame | undefined> {
    const wanted = new Set<number>(types.map((type) => TYPES[type]));
    for (;;) {
      const found = this.frames.find(({ type }) => wanted.has(type));
      if (found !== undefined || this.socket.closed) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Waits for the end of the connection. */
  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  #read(bytes: Buffer): void {
    let rest = Buffer.concat([this.#rest, bytes]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      this.frames.push({
        type: rest[3] ?? 0,
        flags: rest[4] ?? 0,
        stream: rest.readUInt32BE(5),
        payload: rest.subarray(9, end),
      });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    this.#wake();
  }
}

/** A string of HPACK without Huffman; up to 126 bytes, or in the long form. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const size = [127];
  let left = bytes.length - 127;
  while (left >= 128) {
    size.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  return Buffer.concat([Buffer.from([...size, left]), bytes]);
}
