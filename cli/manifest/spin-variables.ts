/** Variables of a Spin application → the values that its components get: `{{ name }}` in texts is filled in. */
import { HostError } from '../../host/base/errors.ts';
import type { Environment } from './manifest-deployment.ts';
import type { SpinManifest } from './spin-schema.ts';

/** Prefix of the environment variables that set variables, as for Spin itself. */
const PREFIX = 'SPIN_VARIABLE_';
const TEMPLATE = /\{\{\s*([a-z][a-z0-9_]*)\s*\}\}/g;

/** A text with all filled in. */
export interface FilledText {
  readonly text: string;
  /** Whether one of the variables in it is a secret. */
  readonly isSecret: boolean;
}

/** Fills in variables. */
export class SpinVariables {
  readonly #declared: NonNullable<SpinManifest['variables']>;
  readonly #environment: Environment;
  readonly #refuse: (reason: string) => never;

  /** @param refuse Called with what is wrong. */
  constructor(
    declared: SpinManifest['variables'],
    environment: Environment,
    refuse: (reason: string) => never,
  ) {
    this.#declared = declared ?? {};
    this.#environment = environment;
    this.#refuse = refuse;
  }

  /**
   * Fills in one text.
   *
   * @throws {spin_unsupported} If it names a variable that is not declared.
   * @throws {variable_unset} If a variable without default is not in the environment.
   */
  fill(template: string): FilledText {
    let isSecret = false;
    const text = template.replaceAll(TEMPLATE, (_, name: string) => {
      isSecret ||= this.#declared[name]?.secret === true;
      return this.#valueOf(name);
    });
    return { text, isSecret };
  }

  #valueOf(name: string): string {
    const declared = Object.hasOwn(this.#declared, name) ? this.#declared[name] : undefined;
    if (declared === undefined)
      return this.#refuse(`it uses the variable "${name}", which is not declared`);
    const variable = PREFIX + name.toUpperCase();
    const value = this.#environment[variable] ?? declared.default;
    if (value === undefined) throw new HostError('variable_unset', { name, variable });
    return value;
  }
}
