/** What the suite `density` has found → figures. */
import type { DensityFound } from './density-found.ts';
import type { InstalledSize } from './installed-size.ts';
import type { Figure } from './suite.ts';

/** The figures; what is not known is none. */
export function listDensityFigures(found: DensityFound): readonly Figure[] {
  const { idle, inFlight, functions, lab, idleHostBytes, installed, peers, limits } = found;
  const figures: Figure[] = [];
  const add = (name: string, value: number | null, unit: string): void => {
    if (value !== null) figures.push({ name, value, unit });
  };
  const addKb = (name: string, bytes: number | null): void =>
    add(name, bytes === null ? null : bytes / 1024, 'KB');
  const addMb = (name: string, bytes: number | null): void =>
    add(name, bytes === null ? null : bytes / 2 ** 20, 'MB');
  for (const { many, bytesEach, pageTableBytesEach } of idle.toReversed()) {
    const of = many.plan.trapHandler ? '' : ':no-trap-handler';
    const { memory, idle: served, warm } = many.served;
    add(`density-instances${of}`, served + warm, 'instances');
    add(`density-workers${of}`, many.plan.workers, 'processes');
    addKb(`density-kb-per-instance${of}`, bytesEach);
    addKb(`density-page-table-kb-per-instance${of}`, pageTableBytesEach);
    addMb(`density-host-mb${of}`, memory === null ? null : memory.pssBytes + memory.pageTableBytes);
  }
  addKb('density-kb-per-request', inFlight.bytesEach);
  addKb('density-kb-per-function', functions.bytesEach);
  addKb('density-kb-per-instance:native-alone', lab.native);
  addKb('density-kb-per-instance:jco-alone', lab.jco);
  for (const { trapHandler, instances } of limits) {
    add(`density-limit${trapHandler ? '' : ':no-trap-handler'}`, instances, 'instances');
  }
  for (const peer of peers) {
    if (!('gap' in peer)) addKb(`density-kb:${peer.name}`, peer.bytes);
  }
  const installedBytes = sizeOf(installed);
  addMb('idle-host-mb', idleHostBytes);
  addMb('installed-mb', installedBytes);
  addMb('installed-mb:without-node', installedBytes - installed.nodeBytes);
  return figures;
}

function sizeOf({ ownBytes, dependencyBytes, nodeBytes }: InstalledSize): number {
  return ownBytes + dependencyBytes + nodeBytes;
}
