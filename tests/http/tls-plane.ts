/** A data plane with TLS, and clients of HTTP/2 for it. */
import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { DataPlane } from '../../host/http/data-plane.ts';
import { createCertificate, type TestCertificate } from './test-certificate.ts';
import { openPlane, type Behaviour } from './test-plane.ts';

/** Files of a certificate and its key. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

/** A plane with TLS. */
export interface TlsPlane {
  readonly plane: DataPlane;
  readonly port: number;
  readonly files: PairFiles;
  readonly certificate: TestCertificate;
}

/** What a client got. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly text: string;
}

/** Opens a plane that is closed with the test. */
export async function openTlsPlane(
  t: Test,
  behaviour: Behaviour,
  settings: { http?: Record<string, unknown>; trustedProxies?: string[] } = {},
  log?: Parameters<typeof openPlane>[3],
): Promise<TlsPlane> {
  const certificate = createCertificate();
  const files = await writePair(t.testdir(), certificate);
  const plane = await openPlane(t, behaviour, { ...settings, tls: files }, log);
  return { plane, port: plane.address.port, files, certificate };
}

export async function writePair(
  directory: string,
  { cert, key }: TestCertificate,
): Promise<PairFiles> {
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key)]);
  return files;
}

/** Connects with HTTP/2. */
export async function openSession(
  t: Test,
  { port, certificate }: Pick<TlsPlane, 'port' | 'certificate'>,
  options: SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = connect(`https://localhost:${port}`, {
    ca: certificate.cert,
    host: '127.0.0.1',
    ...options,
  });
  session.on('error', () => {});
  t.teardown(() => session.destroy());
  await once(session, 'remoteSettings');
  return session;
}

/** Asks, and reads the whole answer. */
export async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body?: string | Uint8Array,
): Promise<Answer> {
  const stream = session.request(
    { ':path': '/app/', ...headers },
    { endStream: body === undefined },
  );
  if (body !== undefined) stream.end(body);
  return readAnswer(stream);
}

/** Reads the answer of a stream. Rejects with the code of its reset. */
export function readAnswer(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let head: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
    let trailers: IncomingHttpHeaders = {};
    const pieces: Buffer[] = [];
    stream.on('response', (headers) => (head = headers));
    stream.on('trailers', (headers) => (trailers = headers));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', () => {});
    stream.on('close', () => {
      if (stream.rstCode !== 0 || head[':status'] === undefined) {
        reject(new Error(`reset with code ${stream.rstCode}`));
        return;
      }
      const text = Buffer.concat(pieces).toString();
      resolve({ status: head[':status'], headers: head, trailers, text });
    });
  });
}
