/** What the admin API asks about functions in quarantine: the port to whoever keeps the list. */
import type { FunctionName } from '../base/ids.ts';
import {
  concerns,
  describeQuarantine,
  type QuarantinedFunction,
} from '../invoke/function-quarantine.ts';
import type { Version } from '../registry/model.ts';

/** Who keeps the list. A host of one process has none: nobody could start it again, so nobody watches it. */
export interface QuarantineKeeper {
  get(name: FunctionName): QuarantinedFunction | undefined;
  /**
   * @param by Id of a token.
   * @returns Whether it was in quarantine.
   */
  lift(name: FunctionName, by: string): Promise<boolean>;
}

/** What is known against a version, in sentences for people; usually nothing. */
export function findQuarantine(
  version: Version,
  keeper: QuarantineKeeper | undefined,
): readonly string[] {
  const entry = keeper?.get(version.function);
  return entry !== undefined && concerns(entry, version) ? [describeQuarantine(entry)] : [];
}
