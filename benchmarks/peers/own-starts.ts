/** Our own starts, each kind by itself: module never compiled (cold), module cached (warm), instance that has served (hot). */
import { mapLimited } from '../../cli/map-limited.ts';
import type { StartKind } from '../../host/metrics/observer.ts';
import { BenchHost } from '../kit/bench-host.ts';
import type { Example } from '../kit/examples.ts';
import { FirstByteClient } from '../kit/first-byte.ts';
import { loadComponent } from '../kit/load-component.ts';
import { withNonce } from '../kit/nonce.ts';
import { encodeRequest } from '../load/encode-request.ts';

/** A start of ours. */
export interface OwnStart {
  /** The client's time to the first byte, ms. */
  readonly firstByteMs: number;
  /** How long the request waited for its instance, as the host reports it, µs. */
  readonly waitUs: number;
}

/** Something of ours that can be started again and again. */
export interface OwnStarter {
  readonly name: 'ours' | 'ours-warm' | 'ours-hot';
  readonly interval: string;
  start(): Promise<OwnStart>;
}

/** Deployments at once; the host prepares no more. */
const DEPLOYMENTS = 2;
/** Requests before anything counts: the host's own code is compiled by then. */
const WARM_UP = 300;
const ATTEMPTS = 3;

/**
 * A host that runs, and as many functions as there will be cold starts, none of which it has ever compiled.
 *
 * @param starts How often it can be started.
 */
export async function openCold(
  stack: AsyncDisposableStack,
  example: Example,
  starts: number,
): Promise<OwnStarter> {
  // Without it the generated JavaScript would be known from the start before.
  const host = stack.use(await BenchHost.open({ nodeFlags: ['--no-compilation-cache'] }));
  const component = await loadComponent(example);
  await host.deploy('warm-up', example);
  await mapLimited(
    Array.from({ length: starts }, (_, index) => index),
    DEPLOYMENTS,
    async (index) => {
      await host.deploy(`cold-${index}`, example, { bytes: withNonce(component) });
    },
  );
  const client = stack.use(new FirstByteClient(host.port));
  await warmUp(client, encodeRequest('warm-up.localhost', example.request));
  let next = 0;
  return {
    name: 'ours',
    interval: 'module cold: request to first byte, host runs, module never compiled, no instance',
    start: () => {
      const request = encodeRequest(`cold-${next}.localhost`, example.request);
      next += 1;
      return measureStart(host, client, request, 'cold');
    },
  };
}

/** A host that has the module. Warm: an instance in its initial state, reset or new. Hot: one that has served before. */
export async function openCached(
  stack: AsyncDisposableStack,
  example: Example,
): Promise<readonly OwnStarter[]> {
  const host = stack.use(await BenchHost.open());
  const client = stack.use(new FirstByteClient(host.port));
  const starters: OwnStarter[] = [];
  for (const [kind, isolation] of [
    ['warm', 'request'],
    ['hot', 'reuse'],
  ] as const) {
    await host.deploy(kind, example, { isolation });
    const request = encodeRequest(`${kind}.localhost`, example.request);
    await warmUp(client, request);
    starters.push({
      name: `ours-${kind}`,
      interval:
        kind === 'warm'
          ? 'fresh instance: request to first byte, module cached, instance in its initial state'
          : 'reused instance: request to first byte, instance has served before',
      start: () => measureStart(host, client, request, kind),
    });
  }
  return starters;
}

async function measureStart(
  host: BenchHost,
  client: FirstByteClient,
  request: Uint8Array,
  kind: StartKind,
): Promise<OwnStart> {
  for (let attempt = 1; ; attempt += 1) {
    await host.takeStarts();
    const { firstByteMs } = await client.measure(request);
    const [start] = await host.takeStarts();
    if (start?.kind === kind) return { firstByteMs, waitUs: start.phases.total * 1e6 };
    // An instance that has served its number of requests is replaced, and the first request of the next one is warm.
    if (kind !== 'hot' || attempt === ATTEMPTS) {
      throw new Error(`Cannot measure a ${kind} start: it was ${start?.kind ?? 'none'}`);
    }
  }
}

async function warmUp(client: FirstByteClient, request: Uint8Array): Promise<void> {
  for (let left = WARM_UP; left > 0; left -= 1) await client.measure(request);
}
