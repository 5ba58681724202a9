/** `wasi:random` 0.3: that of 0.2 in another release. */
import type { HostInterface } from '../../component/host-interface.ts';
import { wasiRandomInsecureSeed } from '../random/insecure-seed.ts';
import { wasiRandomInsecure } from '../random/insecure.ts';
import { wasiRandomRandom } from '../random/random.ts';
import { WASI_0_3 } from '../releases.ts';

/** The interfaces of `wasi:random`. */
export const randomInterfaces3: readonly HostInterface[] = [
  { ...wasiRandomRandom, versions: WASI_0_3 },
  { ...wasiRandomInsecure, versions: WASI_0_3 },
  {
    ...wasiRandomInsecureSeed,
    versions: WASI_0_3,
    functions: renamed(wasiRandomInsecureSeed, 'insecure-seed', 'get-insecure-seed'),
  },
];

function renamed(
  { functions }: HostInterface,
  from: string,
  to: string,
): HostInterface['functions'] {
  const found = functions[from];
  if (found === undefined) throw new Error(`wasi:random has no function ${from}`);
  return { [to]: found };
}
