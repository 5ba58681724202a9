/** `wasi:sockets/tcp`: denied. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { createDeniedResource } from './denied-resource.ts';

/** The resource `tcp-socket`. */
export class TcpSocket extends createDeniedResource([
  'startBind',
  'finishBind',
  'startConnect',
  'finishConnect',
  'startListen',
  'finishListen',
  'accept',
  'localAddress',
  'remoteAddress',
  'setListenBacklogSize',
  'keepAliveEnabled',
  'setKeepAliveEnabled',
  'keepAliveIdleTime',
  'setKeepAliveIdleTime',
  'keepAliveInterval',
  'setKeepAliveInterval',
  'keepAliveCount',
  'setKeepAliveCount',
  'hopLimit',
  'setHopLimit',
  'receiveBufferSize',
  'setReceiveBufferSize',
  'sendBufferSize',
  'setSendBufferSize',
  'shutdown',
]) {
  isListening(): boolean {
    return false;
  }

  addressFamily(): 'ipv4' | 'ipv6' {
    return 'ipv4';
  }
}

/** The interface `wasi:sockets/tcp`. */
export const wasiSocketsTcp: HostInterface = {
  name: 'wasi:sockets/tcp',
  versions: WASI_0_2,
  functions: {},
  resources: { 'tcp-socket': TcpSocket },
  blocking: [],
};
