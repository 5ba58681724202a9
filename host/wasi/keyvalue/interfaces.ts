/** The interfaces of `wasi:keyvalue`, in both drafts, and ours beside them. */
import type { HostInterface } from '../../component/host-interface.ts';
import { wasiKeyvalueAtomicsDraft, wasiKeyvalueAtomicsDraft2 } from './atomics.ts';
import { wasiKeyvalueBatchDraft, wasiKeyvalueBatchDraft2 } from './batch.ts';
import { faasKeyvalueExtras } from './extras.ts';
import { wasiKeyvalueStoreDraft, wasiKeyvalueStoreDraft2 } from './store.ts';

/** One entry for each interface and draft. */
export const keyvalueInterfaces: readonly HostInterface[] = Object.freeze([
  wasiKeyvalueStoreDraft,
  wasiKeyvalueStoreDraft2,
  wasiKeyvalueAtomicsDraft,
  wasiKeyvalueAtomicsDraft2,
  wasiKeyvalueBatchDraft,
  wasiKeyvalueBatchDraft2,
  faasKeyvalueExtras,
]);
