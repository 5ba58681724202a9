/** `wasi:cli` 0.3 `stdin`, `stdout`, `stderr`: the guest's standard streams as component-model streams. */
import type { HostInterface } from '../../../component/host-interface.ts';
import type { Result } from '../../http/once.ts';
import type { ByteSink, ByteSource, Guest } from '../../ports.ts';
import { WASI_0_3 } from '../../releases.ts';

/** The enum `error-code` of `wasi:cli/types`. */
type CliError = 'io' | 'illegal-byte-sequence' | 'pipe';

type StreamResult = Result<undefined, CliError>;

const DONE: StreamResult = Object.freeze({ tag: 'ok', val: undefined });

/** The interface `wasi:cli/stdin`. */
export const wasiCliStdin3: HostInterface = {
  name: 'wasi:cli/stdin',
  versions: WASI_0_3,
  functions: { 'read-via-stream': readStdin },
  resources: {},
  blocking: [],
};

/** The interface `wasi:cli/stdout`. */
export const wasiCliStdout3 = outputInterface('wasi:cli/stdout', (guest) => guest.stdout);

/** The interface `wasi:cli/stderr`. */
export const wasiCliStderr3 = outputInterface('wasi:cli/stderr', (guest) => guest.stderr);

function outputInterface(name: string, sinkOf: (guest: Guest) => ByteSink): HostInterface {
  return {
    name,
    versions: WASI_0_3,
    functions: {
      'write-via-stream': (guest: Guest, data: ByteSource): Promise<StreamResult> =>
        writeAll(data, sinkOf(guest)),
    },
    resources: {},
    blocking: [],
  };
}

/** Each call gives a new stream over the same input, which dropping one leaves open for the next. */
function readStdin(guest: Guest): [ByteSource, Promise<StreamResult>] {
  const stdin = new ToldSource(guest.stdin);
  return [stdin, stdin.result];
}

/** Passes bytes on at the sink's pace. */
async function writeAll(data: ByteSource, sink: ByteSink): Promise<StreamResult> {
  for (;;) {
    await sink.ready();
    if (sink.failure !== undefined) {
      data.close();
      return { tag: 'err', val: sink.failure === 'closed' ? 'pipe' : 'io' };
    }
    const taken = takeFrom(data, sink.capacity);
    if (taken === 'end') break;
    if (taken === undefined) await data.ready();
    else sink.write(taken);
  }
  await sink.flushed();
  return DONE;
}

/** A guest that left its stream open wrote no more than what came. */
function takeFrom(data: ByteSource, maxBytes: number): Uint8Array | undefined | 'end' {
  try {
    return data.take(maxBytes);
  } catch {
    return 'end';
  }
}

/** A source that tells how it ended. */
class ToldSource implements ByteSource {
  readonly #source: ByteSource;
  readonly #ended = Promise.withResolvers<StreamResult>();

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get result(): Promise<StreamResult> {
    return this.#ended.promise;
  }

  take(maxBytes: number): Uint8Array | undefined | 'end' {
    try {
      const taken = this.#source.take(maxBytes);
      if (taken === 'end') this.#ended.resolve(DONE);
      return taken;
    } catch (error) {
      this.#ended.resolve({ tag: 'err', val: 'io' });
      throw error;
    }
  }

  ready(): Promise<void> {
    return this.#source.ready();
  }

  close(): void {
    this.#ended.resolve(DONE);
  }
}
