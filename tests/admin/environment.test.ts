import t from 'tap';
import type { Change } from '../../host/registry/model.ts';
import { openHarness, type AdminHarness, type Answer } from './harness.ts';

const PATH = '/v1/functions/app/environment';

async function deployed(harness: AdminHarness): Promise<void> {
  await harness.deploy('app', undefined, {
    environment: [
      ['MODE', 'old'],
      ['REGION', 'eu'],
    ],
    config: [['greeting', 'hi']],
    secrets: [['key', 'hunter2']],
    limits: { timeoutMs: 1234 },
    routes: ['api.example.com/*'],
  });
}

t.test('variables change in a new version that shares the artifact and all else', async (t) => {
  const harness = await openHarness(t);
  await deployed(harness);
  const before = harness.registry.snapshot.functions.get('app' as never);
  const answer = await harness.call('PATCH', PATH, {
    set: {
      environment: [
        ['MODE', 'new'],
        ['EXTRA', '1'],
      ],
      secrets: [['greeting', 'shh']],
    },
    unset: { environment: ['REGION'] },
  });
  t.match(answer, { status: 200, json: { result: 'created', version: { version: 2 } } });
  t.notMatch(answer.text, /shh|hunter2/, 'no secret is shown');
  const after = harness.registry.snapshot.functions.get('app' as never);
  t.same(after?.live.settings, {
    ...before?.live.settings,
    environment: [
      ['MODE', 'new'],
      ['EXTRA', '1'],
    ],
    config: [],
    secrets: [
      ['key', 'hunter2'],
      ['greeting', 'shh'],
    ],
  });
  t.equal(after?.live.artifact, before?.live.artifact);
  t.same(after?.routes, before?.routes);
  t.match(await harness.call('PUT', '/v1/functions/app/aliases/live', { previous: true }), {
    status: 200,
    json: { live: { version: 1, environment: ['MODE', 'REGION'], config: ['greeting'] } },
  });
  const changes: readonly Change[] = await harness.registry.loadChanges(3);
  t.same(
    changes.map(({ action }) => action),
    ['rollback', 'deploy', 'deploy'],
  );
});

t.test('many long values fit into one change', async (t) => {
  const harness = await openHarness(t);
  await deployed(harness);
  const environment = Array.from({ length: 20 }, (_, at) => [`V${at}`, 'x'.repeat(32_000)]);
  const answer = await harness.call('PATCH', PATH, { set: { environment } });
  t.match(answer, { status: 200, json: { version: { version: 2 } } });
});

t.test('what is the same already makes no version', async (t) => {
  const harness = await openHarness(t);
  await deployed(harness);
  for (const body of [{}, { set: {} }, { set: { environment: [['MODE', 'old']] } }]) {
    const answer = await harness.call('PATCH', PATH, body);
    t.match(answer, { status: 200, json: { result: 'unchanged', version: { version: 1 } } });
  }
});

t.test('changes that cannot be are refused, and change nothing', async (t) => {
  const harness = await openHarness(t);
  await deployed(harness);
  const many = Array.from({ length: 255 }, (_, index) => [`V${index}`, 'hunter3']);
  const cases: readonly (readonly [body: unknown, status: number, code: string])[] = [
    [{ unset: { environment: ['NOPE'] } }, 404, 'unknown_variable'],
    [{ unset: { secrets: ['greeting'] } }, 404, 'unknown_variable'],
    [{ sett: {} }, 400, 'invalid_request'],
    [{ set: { environment: [['A=B', 'hunter3']] } }, 400, 'invalid_request'],
    [{ set: { environment: [['A', 'hunter3\0']] } }, 400, 'invalid_request'],
    [{ set: { secrets: [['A', 3]] } }, 400, 'invalid_request'],
    [{ set: { secrets: [['A', 'hunter3']], config: [['A', 'hunter3']] } }, 400, 'invalid_settings'],
    [{ set: { environment: many } }, 400, 'invalid_settings'],
    [[], 400, 'invalid_request'],
    [undefined, 400, 'invalid_request'],
  ];
  for (const [body, status, code] of cases) {
    const answer = await harness.call('PATCH', PATH, body);
    t.match(answer, { status, json: { code } }, `${code} ${JSON.stringify(body)?.slice(0, 60)}`);
    t.notMatch(answer.text, 'hunter3');
  }
  const gone = await harness.call('PATCH', '/v1/functions/nope/environment', {});
  t.match(gone, { status: 404, json: { code: 'unknown_function' } });
  t.equal(harness.registry.snapshot.functions.get('app' as never)?.live.number, 1);
});

t.test('it needs the scope of a deployment', async (t) => {
  const harness = await openHarness(t);
  await deployed(harness);
  const made = await harness.call('POST', '/v1/tokens', { name: 'reader', scopes: ['read'] });
  const authorization = `Bearer ${made.json.token}`;
  t.match(await harness.call('PATCH', PATH, {}, { authorization }), {
    status: 403,
    json: { code: 'forbidden' },
  });
});

t.test('changes at the same time are all kept', async (t) => {
  const harness = await openHarness(t);
  await deployed(harness);
  const names = ['A', 'B', 'C', 'D'];
  const answers: readonly Answer[] = await Promise.all(
    names.map((name) => harness.call('PATCH', PATH, { set: { environment: [[name, '1']] } })),
  );
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  const live = harness.registry.snapshot.functions.get('app' as never)?.live;
  t.equal(live?.number, 5);
  t.same(live?.settings.environment.map(([name]) => name).sort(), [...names, 'MODE', 'REGION']);
});

t.test('a deployment that comes between every time is told', async (t) => {
  const harness = await openHarness(t);
  await deployed(harness);
  const live = harness.registry.snapshot.functions.get('app' as never)?.live;
  const { commitVersion } = harness.registry;
  let others = 0;
  harness.registry.commitVersion = async (wanted, by) => {
    if (wanted.expectedLive === undefined || live === undefined)
      return commitVersion.call(harness.registry, wanted, by);
    others += 1;
    const { expectedLive: _any, ...other } = wanted;
    const environment = [['OTHER', String(others)]] as const;
    await commitVersion.call(
      harness.registry,
      { ...other, settings: { ...other.settings, environment } },
      by,
    );
    return commitVersion.call(harness.registry, wanted, by);
  };
  const answer = await harness.call('PATCH', PATH, { set: { environment: [['A', '1']] } });
  t.match(answer, { status: 409, json: { code: 'version_moved' } });
  t.equal(others, 5);
});
