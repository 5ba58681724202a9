/** Standard streams that a guest holds from its start on: an initial state keeps how to make them, for whoever is next. */
import t from 'tap';
import { ComponentState } from '../../../host/component/abi/component-state.ts';
import { InstanceState } from '../../../host/component/abi/instance-state.ts';
import { captureImage, type InitialImage } from '../../../host/engine/native/initial-image.ts';
import { UnmeteredCpu } from '../../../host/limits/unmetered-cpu.ts';
import { wasiCliStderr } from '../../../host/wasi/cli/stderr.ts';
import { wasiCliStdin } from '../../../host/wasi/cli/stdin.ts';
import { wasiCliStdout } from '../../../host/wasi/cli/stdout.ts';
import type { InputStream } from '../../../host/wasi/io/input-stream.ts';
import type { OutputStream } from '../../../host/wasi/io/output-stream.ts';
import { BufferSource } from '../../../host/wasi/memory-bytes.ts';
import { TestGuest } from '../../wasi/test-guest.ts';

const INPUT = 3;
const OUTPUT = 4;
const NOTHING = { memories: [], globals: [], tables: [] };

/** What a guest has that asked for its streams while it started. */
function started(guest: TestGuest): { state: InstanceState; component: ComponentState } {
  const state = new InstanceState(new UnmeteredCpu());
  const component = new ComponentState(state);
  component.add(INPUT, wasiCliStdin.functions['get-stdin']?.(guest));
  component.add(OUTPUT, wasiCliStdout.functions['get-stdout']?.(guest));
  component.add(OUTPUT, wasiCliStderr.functions['get-stderr']?.(guest));
  return { state, component };
}

function capture(state: InstanceState): InitialImage {
  const image = captureImage(NOTHING, state);
  if (typeof image === 'string') throw new Error(image);
  return image;
}

/** What went to stdout and stderr. */
function written({ collectedStdout, collectedStderr }: TestGuest): string[] {
  return [collectedStdout, collectedStderr].map((sink) => Buffer.from(sink.bytes()).toString());
}

t.test('after a reset the streams are those of the next guest', (t) => {
  const first = new TestGuest();
  const { state, component } = started(first);
  const { handles } = capture(state);
  const next = new TestGuest({ stdin: new BufferSource(Buffer.from('input')) });
  for (const image of handles) component.restore(image, next);

  const write = (handle: number, text: string): void => {
    const stream = component.get(handle, OUTPUT) as OutputStream;
    stream.checkWrite();
    stream.write(Buffer.from(text));
  };
  write(2, 'out');
  write(3, 'err');
  t.same(written(next), ['out', 'err']);
  t.same(written(first), ['', '']);
  const input = component.get(1, INPUT) as InputStream;
  t.equal(Buffer.from(input.read(10n)).toString(), 'input');
  t.equal(component.capture().values.length, 4, 'and no handle more');
  t.end();
});

t.test('a stream that a guest has begun to write to cannot be made anew', (t) => {
  const { state, component } = started(new TestGuest());
  (component.get(2, OUTPUT) as OutputStream).checkWrite();
  t.equal(captureImage(NOTHING, state), 'it holds resources of the host from its start on');
  t.end();
});

t.test('other resources of the host belong to their guest', (t) => {
  const { state, component } = started(new TestGuest());
  component.add(5, (component.get(1, INPUT) as InputStream).subscribe());
  t.equal(captureImage(NOTHING, state), 'it holds resources of the host from its start on');
  t.end();
});
