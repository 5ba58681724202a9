/**
 * V8's stack of a trap → the guest's frames as its author reads them: innermost first, names demangled, without the
 * frames by which a panic of Rust has come to its end.
 */
import { demangle } from '../logs/demangle.ts';

/**
 * Frames that V8 keeps of a trap. A panic of Rust alone takes more than its usual ten; what is kept costs time only
 * when something was thrown.
 */
export const TRAP_FRAMES = 50;

interface Frame {
  readonly name: string;
  readonly offset: string;
}

const WASM_FRAME =
  /^\s*at (?:async )?(?:(.*) \()?wasm:\/\/wasm\/[^:]*:wasm-function\[(\d+)\]:(0x[0-9a-f]+)\)?$/;
/** What stands before the first dot is the name of the module, which linkers take from the file's. */
const MODULE_NAME = /^([^\s:<(]+?\.wasm)\./;
/** The outermost functions of a panic: who called them panicked. */
const PANIC = /(?:^|::)(?:rust_begin_unwind|panicking::\w+|expect_failed|unwrap_failed)$/;

/**
 * Formats the guest's frames.
 *
 * @param stack `error.stack`.
 * @returns Lines like `  at app::handle (0x1f3)`; undefined if no frame is one of a guest.
 */
export function describeTrapStack(stack: string): string | undefined {
  const frames: Frame[] = [];
  for (const line of stack.split('\n')) {
    const [all, name, index = '', offset = ''] = WASM_FRAME.exec(line) ?? [];
    if (all !== undefined) frames.push({ name: name ?? `function ${index}`, offset });
  }
  if (frames.length === 0) return undefined;
  const named = withoutModule(frames).map(({ name, offset }) => ({ name: demangle(name), offset }));
  return showFrames(named).join('\n');
}

/** A component has several modules; where all frames are of the same one, its name says nothing. */
function withoutModule(frames: readonly Frame[]): readonly Frame[] {
  const modules = new Set(frames.map(({ name }) => MODULE_NAME.exec(name)?.[1]));
  const [only] = modules;
  if (modules.size > 1 || only === undefined) return frames;
  return frames.map(({ name, offset }) => ({ name: name.slice(only.length + 1), offset }));
}

function showFrames(frames: readonly Frame[]): readonly string[] {
  const own = frames.findLastIndex(({ name }) => PANIC.test(name)) + 1;
  // All of them: then this is all there is to see.
  const hidden = own === frames.length ? 0 : own;
  return [
    ...(hidden === 0 ? [] : [`  (${hidden} frames of the panic itself)`]),
    ...frames.slice(hidden).map(({ name, offset }) => `  at ${name} (${offset})`),
  ];
}
