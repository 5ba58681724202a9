/**
 * Digests of the types of all functions in the official WIT files and in ours, by interface and name: a component that
 * imports everything is made from the files, planned, and its imports are read.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { planComponent } from '../../host/component/plan-component.ts';
import { signatureDigest, signatureKey } from '../../host/component/signature-text.ts';

const RELEASE = '0.2.12';
const BUILTIN = join(
  import.meta.dirname,
  '../../node_modules/@bytecodealliance/jco/lib/wit/builtin',
);
const OFFICIAL = join(BUILTIN, RELEASE);
/** The functions of the line 0.3 that we offer: their types are the same in all its releases. */
const RELEASE_3 = '0.3.0';
const WORLD_3 = `package faas:everything;
world everything {
  import wasi:cli/environment@${RELEASE_3};
  import wasi:cli/exit@${RELEASE_3};
  import wasi:cli/stdin@${RELEASE_3};
  import wasi:cli/stdout@${RELEASE_3};
  import wasi:cli/stderr@${RELEASE_3};
  import wasi:cli/terminal-stdin@${RELEASE_3};
  import wasi:cli/terminal-stdout@${RELEASE_3};
  import wasi:cli/terminal-stderr@${RELEASE_3};
  import wasi:clocks/monotonic-clock@${RELEASE_3};
  import wasi:clocks/system-clock@${RELEASE_3};
  import wasi:random/random@${RELEASE_3};
  import wasi:random/insecure@${RELEASE_3};
  import wasi:random/insecure-seed@${RELEASE_3};
  import wasi:http/types@${RELEASE_3};
  import wasi:http/client@${RELEASE_3};
}
`;
/** What we publish ourselves. */
const OWN = join(import.meta.dirname, '../../sdk/wit');
const WORLD = `package faas:everything;
world everything {
  include wasi:cli/imports@${RELEASE};
  include wasi:http/imports@${RELEASE};
  import wasi:clocks/timezone@${RELEASE};
  include faas:runtime/imports@0.1.0;
  include faas:keyvalue/imports@0.1.0;
  include wasi:keyvalue/imports@0.2.0-draft;
  include wasi:keyvalue/imports@0.2.0-draft2;
  include wasi:config/imports@0.2.0-draft;
  include wasi:config/imports@0.2.0-draft-2024-09-27;
  include wasi:config/imports@0.2.0-rc.1;
  include wasi:logging/imports@0.1.0-draft;
  include wasi:logging/imports;
}
`;

/** Interface, as `signatureKey` names it → WIT name → digest; both sorted. */
export async function officialSignatures(): Promise<Record<string, Record<string, string>>> {
  const found = new Map<string, Map<string, string>>();
  const worlds = [
    await planEverything([OFFICIAL, OWN], WORLD),
    await planEverything([join(BUILTIN, RELEASE_3)], WORLD_3),
  ];
  for (const { plan } of worlds) {
    for (const { interface: from, name, type } of plan.imports) {
      const digest = signatureDigest(type, plan.resources);
      if (digest === undefined) throw new Error(`${from} ${name} has too long a type`);
      const key = signatureKey(from);
      const functions = found.get(key) ?? new Map<string, string>();
      found.set(key, functions.set(name, digest));
    }
  }
  return Object.fromEntries(
    sorted(found).map(([key, names]) => [key, Object.fromEntries(sorted(names))]),
  );
}

async function planEverything(
  folders: readonly string[],
  world: string,
): Promise<Extract<ReturnType<typeof planComponent>, { plan: unknown }>> {
  const folder = mkdtempSync(join(tmpdir(), 'faas-wit-'));
  try {
    for (const from of folders) {
      for (const name of readdirSync(from)) {
        cpSync(join(from, name), join(folder, 'deps', name), { recursive: true });
      }
    }
    writeFileSync(join(folder, 'everything.wit'), world);
    const module = await componentEmbed({
      dummy: true,
      witPath: folder,
      world: 'everything',
      features: { tag: 'all' },
    });
    const planned = planComponent(await componentNew(module, []));
    if ('unsupported' in planned) throw new Error(planned.unsupported);
    return planned;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1));
}
