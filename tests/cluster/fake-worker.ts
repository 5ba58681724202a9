/** A worker as the supervisor sees it, without a data plane: a process that sleeps, and a link that follows routes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import '../support/plain-spawn.ts';
import type { WorkerExit } from '../../host/cluster/launcher-messages.ts';
import type { RouteChange, RouteState } from '../../host/cluster/route-changes.ts';
import { WorkerRoutes } from '../../host/cluster/worker-routes.ts';
import { RpcLink, type RpcHandler } from '../../host/links/rpc-link.ts';
import { openSocketPair } from '../links/socket-pair.ts';

/** Both ends of a worker's link. */
export interface FakeLink {
  /** What the supervisor holds. */
  readonly supervisorEnd: RpcLink;
  readonly workerEnd: RpcLink;
  readonly routes: WorkerRoutes;
  /** Methods that the worker was called with, in order. */
  readonly calls: string[];
}

/** Opens a link whose worker follows routes. `handlers` are asked first. */
export async function openFakeLink(
  t: Test,
  handlers: Readonly<Record<string, RpcHandler>> = {},
): Promise<FakeLink> {
  const [here, there] = await openSocketPair(t);
  const routes = new WorkerRoutes();
  const calls: string[] = [];
  const known: Record<string, RpcHandler> = {
    'routes.replace': (state) => routes.replace(state as RouteState),
    'routes.apply': (change) => routes.apply(change as RouteChange),
    ...handlers,
  };
  const counted = Object.entries(known).map(([method, handler]): [string, RpcHandler] => [
    method,
    (params, link) => {
      calls.push(method);
      return handler(params, link);
    },
  ]);
  return {
    supervisorEnd: new RpcLink(here, { handlers: {} }),
    workerEnd: new RpcLink(there, { handlers: Object.fromEntries(counted) }),
    routes,
    calls,
  };
}

/** A process that does nothing until it is told to end. It is killed with the test. */
export async function startSleeper(
  t: Test,
  onExit: (exit: Omit<WorkerExit, 'id'>) => void,
): Promise<ChildProcess & { pid: number }> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore', env: process.env });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const { pid = 0 } = child;
  child.once('exit', (code, signal) => onExit({ pid, code, signal }));
  return Object.assign(child, { pid });
}
