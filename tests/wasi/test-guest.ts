/** A guest of the tests: the host's own `GuestState` over memory, with a clock that the test moves. */
import { GuestState, type GuestGrants, type GuestParts } from '../../host/wasi/guest-state.ts';
import { BufferSource, CollectSink } from '../../host/wasi/memory-bytes.ts';
import { HttpFailure, type ByteSink, type ByteSource } from '../../host/wasi/ports.ts';
import type { OutgoingHttp, Preopen } from '../../host/wasi/ports.ts';
import { ManualClock } from './manual-clock.ts';

/** What a test may give its guest; the rest is empty. */
export interface TestGuestOptions {
  readonly arguments?: readonly string[];
  readonly environment?: readonly (readonly [name: string, value: string])[];
  readonly stdin?: ByteSource;
  readonly stdout?: ByteSink;
  readonly preopens?: readonly Preopen[];
  readonly outgoingHttp?: OutgoingHttp;
  readonly grants?: GuestGrants;
  readonly log?: NonNullable<GuestParts['log']>;
}

/** A guest whose stdout and stderr can be read back. */
export class TestGuest extends GuestState {
  readonly clock: ManualClock;
  readonly collectedStdout: CollectSink;
  readonly collectedStderr: CollectSink;

  constructor(options: TestGuestOptions = {}) {
    const clock = new ManualClock();
    const collectedStdout = new CollectSink({ limitBytes: 1 << 20, beyond: 'fail' });
    const collectedStderr = new CollectSink({ limitBytes: 1 << 20, beyond: 'fail' });
    super(clock, {
      arguments: options.arguments ?? [],
      environment: options.environment ?? [],
      stdin: options.stdin ?? new BufferSource(new Uint8Array(0)),
      stdout: options.stdout ?? collectedStdout,
      stderr: collectedStderr,
      preopens: options.preopens ?? [],
      outgoingHttp: options.outgoingHttp ?? { send: refuseToSend },
      grants: options.grants,
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    this.clock = clock;
    this.collectedStdout = collectedStdout;
    this.collectedStderr = collectedStderr;
  }
}

function refuseToSend(): never {
  throw new HttpFailure({ tag: 'HTTP-request-denied' });
}
