/** Two connected sockets, for tests of what speaks over them. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Test } from 'tap';
import { RpcLink, type RpcLinkOptions } from '../../host/links/rpc-link.ts';

/** Opens a pair that is destroyed with the test. */
export async function openSocketPair(t: Test): Promise<readonly [here: Socket, there: Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const here = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [there] = (await once(server, 'connection')) as [Socket];
  server.close();
  t.teardown(() => {
    here.destroy();
    there.destroy();
  });
  return [here, there];
}

/** A link, and what else its side knows. */
export interface LinkEnd {
  readonly link: RpcLink;
  /** Resolves with the reason when the other side is gone. */
  readonly closed: Promise<Error | undefined>;
}

/** Makes a link of a socket. */
export function linkOf(socket: Socket, handlers: RpcLinkOptions['handlers'] = {}): LinkEnd {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  return { link: new RpcLink(socket, { handlers, onClose: resolve }), closed: promise };
}
