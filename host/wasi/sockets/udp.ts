/** `wasi:sockets/udp`: denied. */
import type { HostInterface } from '../../component/host-interface.ts';
import { WASI_0_2 } from '../releases.ts';
import { createDeniedResource } from './denied-resource.ts';

/** The resource `udp-socket`. */
export class UdpSocket extends createDeniedResource([
  'startBind',
  'finishBind',
  'stream',
  'localAddress',
  'remoteAddress',
  'unicastHopLimit',
  'setUnicastHopLimit',
  'receiveBufferSize',
  'setReceiveBufferSize',
  'sendBufferSize',
  'setSendBufferSize',
]) {
  addressFamily(): 'ipv4' | 'ipv6' {
    return 'ipv4';
  }
}

/** The resource `incoming-datagram-stream`. */
export class IncomingDatagramStream extends createDeniedResource(['receive']) {}

/** The resource `outgoing-datagram-stream`. */
export class OutgoingDatagramStream extends createDeniedResource(['checkSend', 'send']) {}

/** The interface `wasi:sockets/udp`. */
export const wasiSocketsUdp: HostInterface = {
  name: 'wasi:sockets/udp',
  versions: WASI_0_2,
  functions: {},
  resources: {
    'udp-socket': UdpSocket,
    'incoming-datagram-stream': IncomingDatagramStream,
    'outgoing-datagram-stream': OutgoingDatagramStream,
  },
  blocking: [],
};
