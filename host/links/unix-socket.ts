/** UNIX sockets by path: listening for links, and connecting, with coded errors. */
import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { HostError } from '../base/errors.ts';
import { toListenError } from '../config/listen-error.ts';

/** Bytes of a socket's path that every system takes (`sun_path`; Linux has 108, macOS 104, both with a final zero). */
const MAX_PATH_BYTES = 103;
/** What connecting says where nobody listens, or whoever did is ending. */
const NOBODY: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET']);

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
 * Makes a server listen on a path that only this user may connect to, at no moment anybody else. What a dead process
 * left there is replaced; nothing else is.
 *
 * @param path Absolute path of the socket.
 * @param listen Makes the server listen on the path it is given, which is another: the socket is moved when it is closed to others.
 * @returns What removes the socket, unless something else has taken its place. The server does not do that itself.
 * @throws {socket_path_too_long} If the system has no room for the path.
 * @throws {listen_failed} If somebody listens there, or something else lies there.
 */
export async function listenPrivately(
  path: string,
  listen: (path: string) => Promise<unknown>,
): Promise<() => Promise<void>> {
  checkPath(path);
  await checkFree(path);
  // A folder that only this user may enter, in the one of the socket: often nothing else can be written.
  const folder = await mkdtemp(join(dirname(path), '.s-'));
  try {
    const hidden = join(folder, 's');
    checkPath(hidden);
    await listen(hidden);
    await chmod(hidden, 0o600);
    await rename(hidden, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const own = await identityOf(path);
  return async () => {
    if (own !== undefined && (await identityOf(path)) === own) await rm(path, { force: true });
  };
}

/** @throws {listen_failed} If a process listens on the path, or what lies there is no socket. */
async function checkFree(path: string): Promise<void> {
  const found = await lstat(path).catch(undefinedIfGone);
  if (found === undefined) return;
  const refuse = (reason: string): never => {
    throw new HostError('listen_failed', { key: 'admin', address: `unix:${path}`, reason });
  };
  if (!found.isSocket()) refuse('something else lies there');
  // A socket that has no room for one more waiting connection is alive, too.
  const socket = await connectToPath(path).catch((error: NodeJS.ErrnoException) =>
    error.code === 'EAGAIN' ? 'busy' : Promise.reject(error),
  );
  if (socket === undefined) return;
  if (typeof socket !== 'string') socket.destroy();
  refuse('another process listens there');
}

/** What tells a socket from a later one at the same path; systems use the numbers of removed files again. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await lstat(path, { bigint: true }).catch(undefinedIfGone);
  return found === undefined ? undefined : `${found.dev}:${found.ino}:${found.ctimeNs}`;
}

function undefinedIfGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
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
      if (NOBODY.has(error.code)) resolve(undefined);
      else reject(error);
    });
  });
}

/** Whether a path is short enough for a socket. */
export function fitsSocketPath(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_PATH_BYTES;
}

function checkPath(path: string): void {
  if (!fitsSocketPath(path)) {
    const bytes = Buffer.byteLength(path);
    throw new HostError('socket_path_too_long', { path, bytes, limit: MAX_PATH_BYTES });
  }
}
