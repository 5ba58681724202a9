/** Guests that break the canonical ABI: each call is answered with a code, and the host serves on. */
import t from 'tap';
import { openRunningHost, deployCanary, type RunningHost } from '../e2e/running-host.ts';
import { brokenAbi, FAULT_NAMES, type Fault } from '../guests/broken-abi.ts';
import { besideCanary } from './neighbour.ts';

const LIMITS = { cpuMs: 1000, timeoutMs: 10_000, memoryBytes: 16 * 2 ** 20 };
const TIMES = 3;

/** How each ends. */
const CODES: Readonly<Record<Fault, string>> = {
  'realloc gives an address behind the memory': 'guest_broke_rule',
  'realloc gives the highest address': 'guest_broke_rule',
  'realloc gives an address that is not aligned': 'guest_broke_rule',
  'realloc traps': 'guest_trapped',
  'realloc throws': 'guest_trapped',
  'the result goes behind the memory': 'guest_broke_rule',
  'the handler throws': 'guest_trapped',
  'post-return throws': 'guest_trapped',
  'post-return traps': 'guest_trapped',
  'its table grows without end': 'memory_limit',
  'realloc grows the memory without end': 'memory_limit',
};

let host: RunningHost;

t.before(async () => {
  host = await openRunningHost(t);
  await deployCanary(host);
});

for (const [index, fault] of FAULT_NAMES.entries()) {
  t.test(`a guest is answered for when ${fault}`, async (t) => {
    const name = `fault${index}`;
    await host.deploy(name, await brokenAbi(fault), {
      limits: LIMITS,
      environment: [['NAME', 'value']],
    });
    await besideCanary(t, host, [name], async () => {
      for (let left = TIMES; left > 0; left -= 1) {
        const { status, error } = await host.call(`/${name}/`);
        t.equal(status, 500);
        t.equal(error?.code, CODES[fault]);
      }
    });
    t.match(await host.logs(name), `${CODES[fault]}: `, 'the log says it');
    await host.api.json({ method: 'DELETE', path: `/v1/functions/${name}` });
  });
}
