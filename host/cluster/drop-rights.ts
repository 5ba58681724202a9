/** What a worker gives up once it is made, and before it runs a guest. `worker-spec.ts` says what it has at first. */

/** To make threads, each of which would begin with rights of its own, and `node:wasi`. */
const DROPPED_RIGHTS = ['worker', 'wasi'] as const;

/** Gives them up for the rest of the life of this process. Without the permission model there is nothing to give up. */
export function dropRights(): void {
  const { permission } = process as { permission?: { drop?: (scope: string) => void } };
  for (const right of DROPPED_RIGHTS) permission?.drop?.(right);
}
