/** UNIX sockets by path: listening for links, and connecting, with coded errors. */
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { HostError } from '../base/errors.ts';
import { toListenError } from '../config/listen-error.ts';

/** Bytes of a socket's path that every system takes (`sun_path`; Linux has 108, macOS 104, both with a final zero). */
const MAX_PATH_BYTES = 103;

/**
 * Listens on a path that only this user may connect to. What lies there is replaced: the caller holds the lock of
 * the directory, so it is a leftover.
 *
 * @throws {socket_path_too_long} If the system has no room for the path.
 * @throws {listen_failed} If the socket cannot be made.
 */
export async function listenOnPath(
  path: string,
  onConnection: (socket: Socket) => void,
): Promise<Server> {
  checkPath(path);
  await rm(path, { force: true });
  const server = createServer(onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(toListenError(cause, 'data-dir', path)),
    );
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}

/**
 * Connects to a path.
 *
 * @returns The socket, or undefined if nobody listens there.
 * @throws {socket_path_too_long} If the system has no room for the path.
 */
export async function connectToPath(path: string): Promise<Socket | undefined> {
  checkPath(path);
  const socket = connect(path);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else reject(error);
    });
  });
}

function checkPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw new HostError('socket_path_too_long', { path, bytes, limit: MAX_PATH_BYTES });
  }
}
