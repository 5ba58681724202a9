/** `faas:runtime/usage` (`sdk/wit/faas-runtime/usage.wit`): what an invocation may use and has used. */
import type { HostInterface } from '../../component/host-interface.ts';
import type { Allowance, Guest } from '../ports.ts';

const NS_PER_MS = 1e6;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** The record `allowance`. */
interface WitAllowance {
  readonly used: bigint;
  readonly limit: bigint;
  readonly remaining: bigint;
}

/** The record `report`. */
interface WitReport {
  readonly cpuTime: WitAllowance;
  readonly memory: WitAllowance;
  readonly wallTime: WitAllowance;
}

/** The interface `faas:runtime/usage`. */
export const faasRuntimeUsage: HostInterface = {
  name: 'faas:runtime/usage',
  versions: { from: '0.1.0', to: '0.1.0' },
  functions: {
    get: (guest: Guest): WitReport => {
      const { cpuMs, memoryBytes, wallMs } = guest.usage();
      return {
        cpuTime: toWit(cpuMs, NS_PER_MS),
        memory: toWit(memoryBytes, 1),
        wallTime: toWit(wallMs, NS_PER_MS),
      };
    },
  },
  resources: {},
  blocking: [],
};

function toWit({ used, limit }: Allowance, factor: number): WitAllowance {
  const usedUnits = BigInt(Math.round(used * factor));
  if (limit === Infinity) return { used: usedUnits, limit: U64_MAX, remaining: U64_MAX };
  const limitUnits = BigInt(Math.round(limit * factor));
  const remaining = limitUnits > usedUnits ? limitUnits - usedUnits : 0n;
  return { used: usedUnits, limit: limitUnits, remaining };
}
