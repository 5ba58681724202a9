/** What the suite `density` has found → tables for people. */
import type { DensityFound, IdleDensity } from './density-found.ts';
import { formatNumber } from './output-lines.ts';
import type { Table } from './table.ts';

const GIB = 2 ** 30;

/** Writes the tables. */
export function describeDensity(found: DensityFound): readonly Table[] {
  return [describeIdle(found), describeLimits(found), describeSides(found), describeHost(found)];
}

function describeIdle({ idle }: DensityFound): Table {
  return {
    title: 'Idle instances of hello-rust in a real host, each of which has served',
    head: [
      'V8 guards memories by',
      'workers',
      'instances',
      'KB each',
      'page tables KB each',
      'whole host MiB',
      'made in s',
    ],
    rows: idle.map(({ many, bytesEach, pageTableBytesEach }) => {
      const { plan, served, samples } = many;
      const { memory } = served;
      const made = samples.find((sample) => sample.idle + sample.warm >= plan.instances);
      const all = memory === null ? null : (memory.pssBytes + memory.pageTableBytes) / 2 ** 20;
      return [
        plan.trapHandler ? 'addresses (trap handler)' : 'checks (no trap handler)',
        String(plan.workers),
        String(served.idle + served.warm),
        format(bytesEach, 1024),
        format(pageTableBytesEach, 1024),
        format(all, 1),
        made === undefined ? '' : formatNumber(made.seconds),
      ];
    }),
    remarks: [
      `Proportional memory (PSS) beyond that of the same host with 50 instances in each worker, over the number of the others. Page tables are the kernel's and no part of it; the whole host has both. ${idle.map(describeServed).join(' ')}`,
    ],
  };
}

function describeServed({ many }: IdleDensity): string {
  const { idle, warm } = many.served;
  return `Of ${idle + warm}, ${warm} had not served when it was measured.`;
}

function describeLimits({ limits }: DensityFound): Table {
  return {
    title: 'Where one process stops',
    head: ['V8 guards memories by', 'instances', 'why', 'one more is answered', 'then'],
    rows: limits.map(({ trapHandler, instances, reason, refusal, answered, mappings }) => [
      `${trapHandler ? 'addresses' : 'checks'}${mappings === undefined ? '' : `, ${mappings} mappings allowed`}`,
      String(instances),
      reason,
      `${refusal.status} ${refusal.code ?? ''}`,
      `${answered.ok} of ${answered.calls} calls answered`,
    ]),
    remarks: [
      'The host was asked for 60,000. It refuses the next one with its code, and the process lives on; at the limit a call may be refused as well, for want of a stack.',
    ],
  };
}

function describeSides({ idle, peers, lab, inFlight, functions }: DensityFound): Table {
  const ours = idle.at(-1)?.bytesEach ?? null;
  const row = (name: string, number: string, bytes: number | null, own = ''): string[] => [
    name,
    number,
    format(bytes, 1024),
    own,
    bytes === null ? '' : formatNumber(Math.floor(GIB / bytes)),
    bytes === null || ours === null ? '' : formatNumber(bytes / ours),
  ];
  return {
    title: 'What one of each takes',
    head: ['what', 'measured', 'KB each', 'of it the program', 'in a GiB', 'times ours'],
    rows: [
      row('idle instance', String(idle.at(-1)?.many.plan.instances ?? ''), ours),
      row(
        'request under way (echo-rust, half of its body sent)',
        String(inFlight.requests),
        inFlight.bytesEach,
      ),
      row('deployed function, never called', String(functions.count), functions.bytesEach),
      row('instance in the native engine alone', '', lab.native),
      row("instance in jco's glue alone", '', lab.jco),
      ...peers.map((peer) =>
        'gap' in peer
          ? [peer.name, `not measured: ${peer.gap}`, '', '', '', '']
          : row(peer.name, String(peer.started), peer.bytes, format(peer.ownBytes, 1024)),
      ),
    ],
    remarks: [
      'Containers: few were started, all from the same files, and "in a GiB" is reckoned from them. Beside the program, each has a process of the runtime that stays as long as it runs; memory of the kernel for namespaces and cgroups is not in it. No engine, no shim, no network of its own.',
    ],
  };
}

function describeHost({ idleHostBytes, installed }: DensityFound): Table {
  const { ownBytes, dependencyBytes, nodeBytes } = installed;
  return {
    title: 'The product itself',
    head: ['what', 'MiB'],
    rows: [
      ['idle host of two workers, one function deployed', format(idleHostBytes, 2 ** 20)],
      ['installed: its own files', format(ownBytes, 2 ** 20)],
      ['installed: dependencies', format(dependencyBytes, 2 ** 20)],
      ['installed: Node', format(nodeBytes, 2 ** 20)],
    ],
    remarks: [
      'Installed: what the lock file names for this system, without what only developers get. Sources count for what is compiled from them.',
    ],
  };
}

function format(bytes: number | null, unit: number): string {
  return bytes === null ? 'not known' : formatNumber(bytes / unit);
}
