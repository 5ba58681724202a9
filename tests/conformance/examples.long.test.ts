/** Every example, and every way to misbehave that ends, on both engines: clients and logs see the same. */
import t from 'tap';
import type { DeployRequest } from '../../host/deploy/deployer.ts';
import type { EngineName } from '../../host/engine/manifest.ts';
import type { FunctionRecord } from '../../host/registry/model.ts';
import { catchAll, catchExit } from '../guests/catch-all.ts';
import { example, kvDraft, misbehave, wat } from '../guests/guests.ts';
import { openHarness, type CallOptions, type Harness } from '../invoke/harness.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { HostCalls } from './host-calls.ts';
import { ENGINES } from './load-component.ts';

interface Subject {
  readonly name: string;
  readonly bytes: () => Uint8Array | Promise<Uint8Array>;
  readonly settings?: Partial<DeployRequest>;
  readonly calls: readonly (readonly [path: string, options?: CallOptions])[];
}

const LIMITS = {
  timeoutMs: 30_000,
  memoryBytes: 32 * 2 ** 20,
  responseBodyBytes: 2 ** 20,
  requestBodyBytes: 100_000,
};
const POST: CallOptions = {
  method: 'POST',
  headers: [
    ['content-type', 'text/plain; charset=utf-8'],
    ['x-twice', 'one'],
    ['x-twice', 'zwei ü'],
  ],
  body: 'Grüße, \u{1F600}\n'.repeat(3000),
};

const JSON_POST: CallOptions = {
  method: 'POST',
  headers: [['content-type', 'application/json']],
  body: '{"name":"Grüße","values":[1,2.5,-3e4,null,true],"nested":{"a":[{}]}}',
};

const SUBJECTS: readonly Subject[] = [
  { name: 'hello-rust', bytes: () => example('hello-rust'), calls: [['/'], ['/x?y=%20', POST]] },
  { name: 'echo-rust', bytes: () => example('echo-rust'), calls: [['/a?b=c'], ['/', POST]] },
  {
    name: 'fetch-rust',
    bytes: () => example('fetch-rust'),
    calls: [['/'], ['/?url=http://example.com/'], ['/?url=nonsense']],
  },
  { name: 'files-rust', bytes: () => example('files-rust'), calls: [['/'], ['/../etc/passwd']] },
  {
    name: 'json-rust',
    bytes: () => example('json-rust'),
    calls: [['/'], ['/', JSON_POST], ['/', POST]],
  },
  {
    name: 'json-c',
    bytes: () => example('json-c'),
    calls: [['/'], ['/', JSON_POST], ['/', POST]],
  },
  { name: 'upper-c', bytes: () => example('upper-c'), calls: [['/?a=b'], ['/x?y', POST]] },
  { name: 'hello-wat', bytes: () => wat('hello'), calls: [['/'], ['/', POST]] },
  { name: 'command', bytes: () => wat('command'), calls: [['/'], ['/', POST]] },
  { name: 'run-ok', bytes: () => wat('run-result', { result: '0' }), calls: [['/']] },
  { name: 'run-error', bytes: () => wat('run-result', { result: '1' }), calls: [['/']] },
  { name: 'several-versions', bytes: () => wat('several-versions'), calls: [['/']] },
  {
    name: 'catch-cheat',
    bytes: () => catchAll('try_table catch_all', 'cheat'),
    calls: [['/']],
  },
  { name: 'catch-exit', bytes: () => catchExit('try_table catch_all_ref'), calls: [['/']] },
  {
    name: 'kv-rust',
    bytes: () => example('kv-rust'),
    settings: { keyValue: [{ label: 'default' }], secrets: [['greeting', 'ü']] },
    calls: [
      ['/'],
      ['/count/x'],
      ['/value/k', { method: 'PUT', body: 'v' }],
      ['/append/k?text=w'],
      ['/value/k'],
      ['/keys'],
      ['/?store=other'],
      ['/?store=%00'],
      ['/value/'],
    ],
  },
  {
    name: 'kv-draft',
    bytes: kvDraft,
    settings: { keyValue: [{ label: 'default' }], config: [['key', 'value']] },
    calls: [['/default'], ['/other']],
  },
  {
    name: 'misbehave',
    bytes: misbehave,
    settings: { environment: [['KEY', 'value ü']] },
    calls: [
      ['/state'],
      ['/panic?text=oh'],
      ['/unreachable'],
      ['/recurse?of=memory'],
      ['/recurse'],
      ['/body-then-trap'],
      ['/exit?code=0'],
      ['/exit?code=3'],
      ['/exit-after-body?code=1'],
      ['/stale-handle'],
      ['/poll-nothing'],
      ['/over-write'],
      ['/no-response'],
      ['/error-code'],
      ['/error-code?code=loop-detected'],
      ['/error-code?code=http-request-body-size'],
      ['/error-code?code=internal-error-without-text'],
      ['/no-body?status=404'],
      ['/drop-body'],
      ['/late-headers'],
      ['/late-headers?keep=1'],
      ['/bad-status'],
      ['/bad-status?status=599'],
      ['/header?name=x-a&value=b'],
      ['/header?name=connection'],
      ['/header?name=a%20b'],
      ['/trailers'],
      ['/content-length-lie'],
      ['/never-read', POST],
      ['/read-slow?ms=1', POST],
      ['/echo-splice', POST],
      ['/fetch?url=http://example.com/'],
      ['/huge?bytes=200000'],
      ['/huge?bytes=5000000'],
      ['/grow?mib=4'],
      ['/grow?mib=64'],
      ['/grow?mib=64&soft=1'],
      ['/hog-handles?n=20000'],
      ['/hog-handles?n=20000&leak=1'],
      ['/stdout?lines=20&width=100'],
      ['/random?bytes=100'],
      ['/env'],
      ['/fs?path=/etc/passwd'],
      ['/tcp'],
      ['/nothing-of-the-kind'],
    ],
  },
  {
    name: 'late',
    bytes: misbehave,
    settings: { limits: { ...LIMITS, timeoutMs: 1000 } },
    calls: [['/sleep-forever']],
  },
];

const hostCalls = new HostCalls(wasiInterfaces);

/** What clients and logs saw, by engine and call. */
const seen = new Map<EngineName, Map<string, unknown>>();

for (const engine of ENGINES) {
  t.test(`every example runs on the ${engine} engine`, async (t) => {
    const host = await openHarness(t, { engine });
    const answers = new Map<string, unknown>();
    for (const subject of SUBJECTS) {
      const record = await host.deploy(subject.name, await subject.bytes(), {
        limits: LIMITS,
        ...subject.settings,
      });
      for (const [path, options] of subject.calls) {
        answers.set(
          `${subject.name} ${options?.method ?? 'GET'} ${path}`,
          await answerOf(host, record, path, options),
        );
      }
    }
    seen.set(engine, answers);
    t.match(answers.get('hello-rust GET /'), { status: 200, body: 'Hello from Rust\n' });
  });
}

t.test('both engines give the same', (t) => {
  const [jco, native] = ENGINES.map((engine) => seen.get(engine) ?? new Map<string, unknown>());
  t.ok(jco !== undefined && jco.size > 60, `${jco?.size} calls`);
  for (const [call, answer] of jco ?? []) t.strictSame(native?.get(call), answer, call);
  t.end();
});

// jco does not ask the guest's allocator for an empty string, so the preview1 adapter, which counts on it,
// writes the environment wrongly: `getenv` of an empty variable gives the next variable.
t.test('an empty environment variable of a preview1 command is empty', async (t) => {
  const host = await openHarness(t, { engine: 'native' });
  const record = await host.deploy('upper', example('upper-c'));
  t.equal((await host.call(record, '/')).body, 'GET /\n');
});

/** What a client sees, how it ended, and what the guest's own log got; times and ids apart. */
async function answerOf(
  host: Harness,
  record: FunctionRecord,
  path: string,
  options: CallOptions | undefined,
): Promise<unknown> {
  hostCalls.take();
  const called = await host.call(record, path, options);
  const { result, status, headers, body, ended, aborted, trailers } = called;
  const isRandom = path.startsWith('/random');
  const text = (fields: typeof trailers): unknown =>
    fields?.map(([name, value]) => `${name}: ${Buffer.from(value).toString('latin1')}`);
  return {
    outcome: result.outcome,
    // jco cannot tell a broken rule from the guest's own trap.
    code: result.outcome === 'trap' ? undefined : result.error?.code,
    detail: result.outcome === 'trap' ? undefined : result.error?.message,
    status,
    headers: text(headers),
    body: isRandom ? body.length : body,
    ended,
    aborted,
    trailers: text(trailers),
    hostCalls: hostCalls.take(),
    log: host.guestLog
      .read(record.name, { tail: 10_000 })
      .filter(({ stream }) => stream !== 'host')
      .map(({ text: line }) => line),
  };
}
