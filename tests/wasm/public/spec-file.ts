/** Runs one test of the specification in two worlds, command by command, and says where they differ. */
import { HostError } from '../../../host/base/errors.ts';
import { rewriteCoreModule } from '../../../host/wasm/rewrite-core-module.ts';
import type { Epoch } from './rewritten-host.ts';
import type { SpecAction, SpecCommand } from './spec-command.ts';
import { expectedOutcome, openWorlds, type SpecWorld } from './spec-world.ts';

/** What came of it. */
export interface SpecOutcome {
  /** Assertions that were made in both worlds. */
  compared: number;
  /** Assertions that both worlds met as the specification wants it, where it can be told. */
  met: number;
  /** Modules that both worlds ran. */
  modules: number;
  /** Invalid modules that stayed refused. */
  invalid: number;
  /** Commands for modules that one of the worlds cannot have. */
  skipped: number;
  /** Modules that V8 takes and the rewriting refuses, by code. */
  readonly refusals: Record<string, number>;
  readonly differences: string[];
  /** Checks that found the epoch moved. */
  checks: number;
}

/** Runs the commands of a file. */
export function runSpecFile(commands: readonly SpecCommand[], epoch: Epoch): SpecOutcome {
  return new SpecRun(epoch).run(commands);
}

class SpecRun {
  readonly #outcome: SpecOutcome = {
    compared: 0,
    met: 0,
    modules: 0,
    invalid: 0,
    skipped: 0,
    refusals: {},
    differences: [],
    checks: 0,
  };
  readonly #worlds: ReturnType<typeof openWorlds>;
  #at = 0;

  constructor(epoch: Epoch) {
    this.#worlds = openWorlds(epoch);
  }

  run(commands: readonly SpecCommand[]): SpecOutcome {
    const { untouched, rewritten, host } = this.#worlds;
    for (const [index, command] of commands.entries()) {
      this.#at = index;
      this.#do(command);
    }
    const others = rewritten.memories();
    for (const [index, [name, bytes]] of untouched.memories().entries()) {
      if (others[index]?.[1].equals(bytes) !== true) this.#differ(`memory ${name}`);
    }
    this.#outcome.checks = host.counts.expired;
    return this.#outcome;
  }

  #do(command: SpecCommand): void {
    switch (command.do) {
      case 'module':
        this.#define(command.id, command.wasm);
        this.#instantiate(command.id, command.id);
        break;
      case 'definition':
        this.#define(command.id, command.wasm);
        break;
      case 'instance':
        this.#instantiate(command.id, command.module);
        break;
      case 'register':
        for (const world of this.#both()) world.register(command.name, command.id);
        break;
      case 'unlinkable':
        this.#compare({ wasm: command.wasm }, []);
        break;
      case 'invalid':
        this.#checkInvalid(bytesFrom(command.wasm));
        break;
      case 'return':
        this.#compare(command.exec, command.results, true);
        break;
      case 'invoke':
      case 'trap':
        this.#compare(command.exec, []);
    }
  }

  #both(): readonly SpecWorld[] {
    return [this.#worlds.untouched, this.#worlds.rewritten];
  }

  #define(id: string | null, wasm: string): void {
    const bytes = bytesFrom(wasm);
    const usable = this.#isUsable(bytes);
    for (const world of this.#both()) world.define(id, usable ? bytes : undefined);
    if (usable) this.#outcome.modules += 1;
  }

  #instantiate(id: string | null, definition: string | null): void {
    const [before, after] = this.#both().map((world) => world.instantiate(id, definition));
    if (before === 'missing') this.#outcome.skipped += 1;
    else if (before !== after) this.#differ(`instantiate: ${before} / ${after}`);
  }

  #compare(action: SpecAction, results: Parameters<SpecWorld['run']>[1], isExpected = false): void {
    const isHad =
      'wasm' in action
        ? this.#isUsable(bytesFrom(action.wasm))
        : this.#worlds.untouched.has(action.id);
    if (!isHad) {
      this.#outcome.skipped += 1;
      return;
    }
    const [before, after] = this.#both().map((world) => world.run(action, results));
    this.#outcome.compared += 1;
    if (before !== after) {
      this.#differ(`${'invoke' in action ? action.invoke : 'module'}: ${before} / ${after}`);
      return;
    }
    if (!isExpected) {
      if (before?.startsWith('error') === true) this.#outcome.met += 1;
      return;
    }
    const args = 'invoke' in action ? action.args : [];
    const expected = expectedOutcome(args, results ?? []);
    if (expected === undefined || expected === before) this.#outcome.met += 1;
  }

  /** Whether both worlds can have a module; what only V8 takes is counted. */
  #isUsable(bytes: Uint8Array<ArrayBuffer>): boolean {
    const isValid = WebAssembly.validate(bytes);
    try {
      const after = WebAssembly.validate(Uint8Array.from(rewriteCoreModule(bytes).bytes));
      if (isValid !== after) this.#differ(`valid: ${isValid} / ${after}`);
      return isValid && after;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      if (isValid) {
        this.#outcome.refusals[error.code] = (this.#outcome.refusals[error.code] ?? 0) + 1;
      }
      return false;
    }
  }

  #checkInvalid(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#isUsable(bytes)) this.#outcome.invalid += 1;
  }

  #differ(what: string): void {
    this.#outcome.differences.push(`command ${this.#at}: ${what}`);
  }
}

function bytesFrom(wasm: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(wasm, 'hex'));
}
