/** An engine to be measured from inside: `engine-process.ts` and its scratch directory. */
import { CloseStack, type Closeable } from '../../host/base/closeable.ts';
import type { EngineName } from '../../host/engine/manifest.ts';
import { Child } from './child.ts';
import type { EngineAnswer, EngineMeasure, EngineQuestion, EngineReady } from './engine-process.ts';
import type { Example } from './examples.ts';
import { openTemporaryDirectory } from './temporary-directory.ts';

/** One engine with one component. */
export class EngineLab implements Closeable, AsyncDisposable {
  readonly #stack: CloseStack;
  readonly #child: Child<EngineReady, EngineQuestion, EngineAnswer>;

  private constructor(stack: CloseStack, child: Child<EngineReady, EngineQuestion, EngineAnswer>) {
    this.#stack = stack;
    this.#child = child;
  }

  /** Prepares the example for the engine and loads it. */
  static async open(example: Example, engine: EngineName): Promise<EngineLab> {
    const stack = new CloseStack();
    try {
      const scratch = stack.push(await openTemporaryDirectory());
      const script = new URL('./engine-process.ts', import.meta.url);
      const args = [example.path, engine, scratch.path];
      const child = await Child.start<EngineReady, EngineQuestion, EngineAnswer>(script, {
        args,
        nodeFlags: ['--expose-gc'],
      });
      return new EngineLab(stack, stack.push(child));
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  /** Bytes of the code generated for the component. */
  get generatedBytes(): number {
    return this.#child.ready.generatedBytes;
  }

  /** Times instantiations, or calls of one ready instance, in µs. */
  async measure(what: EngineMeasure, samples: number): Promise<readonly number[]> {
    const answer = await this.#child.ask({ measure: what, samples });
    return 'microseconds' in answer ? answer.microseconds : [];
  }

  /** Keeps more idle instances that have served. @returns Memory of the process afterwards, bytes. */
  async keep(instances: number): Promise<number> {
    const answer = await this.#child.ask({ keep: instances });
    return 'residentBytes' in answer ? answer.residentBytes : Number.NaN;
  }

  close(): Promise<void> {
    return this.#stack.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
