/** What every driver of the registry port must do. */
import type { Test } from 'tap';
import {
  DEFAULT_NAMESPACE,
  digestOf,
  parseFunctionName,
  type VersionNumber,
} from '../../host/base/ids.ts';
import type { RouteSnapshot, VersionSettings } from '../../host/registry/model.ts';
import type { NewVersion, Registry, TokenRecord } from '../../host/registry/registry.ts';

const NS = DEFAULT_NAMESPACE;
const APP = parseFunctionName('app');
const OTHER = parseFunctionName('other');
const HOST_ROUTE = { host: 'api.example.com', path: '/v1/*' };

const SETTINGS: VersionSettings = {
  limits: {
    memoryBytes: 1,
    timeoutMs: 2,
    concurrency: 3,
    queue: 4,
    requestBodyBytes: 5,
    responseBodyBytes: 6,
    logBytes: 7,
    cpuMs: 2,
  },
  isolation: 'request',
  instances: {
    min: 1,
    max: 8,
    reuseCount: 9,
    concurrentReuseCount: 1,
    maxAgeMs: 10,
    idleTimeoutMs: 11,
    snapshot: 'shared-seed',
  },
  budget: { requestsPerSecond: 0.5 },
  serverTiming: true,
  environment: [
    ['A', 'ü'],
    ['B', ''],
  ],
  config: [['C', 'c']],
  secrets: [['S', 's']],
  keyValue: [{ label: 'default' }, { label: 'a', shared: 'b' }],
  allowedHosts: ['*.example.com'],
  directories: ['/data'],
  files: [],
};

/** A version of `name` whose artifact is made of `code`. */
export function newVersion(
  name: string,
  code: string,
  changes: Partial<NewVersion> = {},
): NewVersion {
  return {
    namespace: NS,
    function: parseFunctionName(name),
    artifact: digestOf(Buffer.from(code)),
    artifactBytes: code.length,
    prepared: digestOf(Buffer.from(`prepared ${code}`)),
    kind: 'http',
    settings: SETTINGS,
    routes: [],
    ...changes,
  };
}

/**
 * Runs the suite.
 *
 * @param createOpener Makes an empty store and gives the way to open it, again and again.
 */
export function testRegistry(t: Test, createOpener: (t: Test) => () => Promise<Registry>): void {
  t.test('a new registry is empty', async (t) => {
    await using registry = disposable(await createOpener(t)());
    t.equal(registry.snapshot.functions.size, 0);
    t.same(await registry.loadVersions(NS, APP), []);
    t.same(await registry.loadChanges(10), []);
    t.same(await registry.loadTokens(), []);
  });

  t.test('commitVersion() makes the version live and keeps it over a restart', async (t) => {
    const open = createOpener(t);
    const wanted = newVersion('app', 'one', { routes: [HOST_ROUTE, { host: '*', path: '/x' }] });
    let before: RouteSnapshot;
    {
      await using registry = disposable(await open());
      const { version, created } = await registry.commitVersion(wanted, 'token-1');
      const { routes, ...fields } = wanted;
      t.equal(created, true);
      t.match(version, { ...fields, number: 1, createdBy: 'token-1' });
      before = registry.snapshot;
      t.same(before.functions.get(APP)?.live, version);
      t.same(new Set(before.functions.get(APP)?.routes), new Set(routes));
    }
    await using again = disposable(await open());
    t.equal(again.snapshot.epoch, before.epoch);
    t.same(again.snapshot.functions, before.functions);
  });

  t.test(
    'the same version again changes nothing, whatever the order of keys and routes',
    async (t) => {
      await using registry = disposable(await createOpener(t)());
      const routes = ['a', 'a-b', 'a.b', 'b'].flatMap((host) => [
        { host, path: '/*' },
        { host, path: '/-/*' },
      ]);
      const first = await registry.commitVersion(newVersion('app', 'one', { routes }), 'me');
      const { epoch } = registry.snapshot;
      const settings = Object.fromEntries(Object.entries(SETTINGS).toReversed());
      const reordered = newVersion('app', 'one', {
        settings: settings as unknown as VersionSettings,
        routes: routes.toReversed().concat(routes),
      });
      t.same(await registry.commitVersion(reordered, 'you'), {
        version: first.version,
        created: false,
      });
      t.equal(registry.snapshot.epoch, epoch);
      t.equal((await registry.loadChanges(10)).length, 1);
    },
  );

  t.test('any difference makes a new version', async (t) => {
    await using registry = disposable(await createOpener(t)());
    const limits = { ...SETTINGS.limits, timeoutMs: 99 };
    const wanted = [
      newVersion('app', 'one'),
      newVersion('app', 'two'),
      newVersion('app', 'two', { prepared: digestOf(Buffer.from('by a newer preparer')) }),
      newVersion('app', 'two', { settings: { ...SETTINGS, limits } }),
      newVersion('app', 'two', {
        settings: {
          ...SETTINGS,
          environment: [
            ['B', ''],
            ['A', 'ü'],
          ],
        },
      }),
      newVersion('app', 'two', { settings: { ...SETTINGS, budget: {} } }),
      newVersion('app', 'two', { routes: [HOST_ROUTE] }),
      newVersion('app', 'one'),
    ];
    for (const [index, version] of wanted.entries()) {
      const result = await registry.commitVersion(version, 'me');
      t.same([result.created, result.version.number], [true, index + 1]);
    }
    const numbers = (await registry.loadVersions(NS, APP)).map(({ number }) => number);
    t.same(numbers, [8, 7, 6, 5, 4, 3, 2, 1]);
    t.same(registry.snapshot.functions.get(APP)?.routes, [], 'routes are replaced');
  });

  t.test('a route belongs to one function, until that one gives it up', async (t) => {
    await using registry = disposable(await createOpener(t)());
    await registry.commitVersion(newVersion('app', 'one', { routes: [HOST_ROUTE] }), 'me');
    const { snapshot } = registry;
    const wanted = newVersion('other', 'two', { routes: [{ host: 'b', path: '/*' }, HOST_ROUTE] });
    await t.rejects(registry.commitVersion(wanted, 'me'), {
      code: 'route_taken',
      message: 'Cannot route "api.example.com/v1/*" to "other": it leads to the function "app"',
    });
    t.equal(registry.snapshot, snapshot, 'nothing has changed');
    t.same(await registry.loadVersions(NS, OTHER), []);
    await registry.commitVersion(newVersion('app', 'one'), 'me');
    const { version } = await registry.commitVersion(wanted, 'me');
    t.equal(version.number, 1, 'the refused commit used no number');
  });

  t.test('a version that was made from another one than the live one is refused', async (t) => {
    await using registry = disposable(await createOpener(t)());
    const expectedLive = 1 as VersionNumber;
    const refused = { code: 'version_moved' };
    const wanted = { ...newVersion('app', 'two'), expectedLive };
    await t.rejects(registry.commitVersion(wanted, 'me'), refused, 'there is none');
    await registry.commitVersion(newVersion('app', 'one'), 'me');
    t.match(await registry.commitVersion(wanted, 'me'), { created: true, version: { number: 2 } });
    await t.rejects(registry.commitVersion({ ...wanted, routes: [HOST_ROUTE] }, 'me'), refused);
    t.equal(registry.snapshot.functions.get(APP)?.live.number, 2, 'nothing has changed');
  });

  t.test('moveAlias() without a version goes back, and back again', async (t) => {
    await using registry = disposable(await createOpener(t)());
    for (const code of ['one', 'two', 'three']) {
      await registry.commitVersion(newVersion('app', code), 'me');
    }
    const moves = [];
    for (let index = 0; index < 3; index += 1) {
      moves.push((await registry.moveAlias(NS, APP, undefined, 'me')).live.number);
    }
    t.same(moves, [2, 3, 2], 'it toggles between the last two that were live');
    t.equal(registry.snapshot.functions.get(APP)?.live.number, 2);
    await registry.moveAlias(NS, APP, 1 as VersionNumber, 'me');
    t.equal((await registry.moveAlias(NS, APP, undefined, 'me')).live.number, 2);
  });

  t.test('moveAlias() to the live version changes nothing', async (t) => {
    await using registry = disposable(await createOpener(t)());
    for (const code of ['one', 'two']) await registry.commitVersion(newVersion('app', code), 'me');
    const { snapshot } = registry;
    t.equal((await registry.moveAlias(NS, APP, 2 as VersionNumber, 'me')).live.number, 2);
    t.equal(registry.snapshot, snapshot);
    t.equal((await registry.moveAlias(NS, APP, undefined, 'me')).live.number, 1);
  });

  t.test('moveAlias() refuses what is not there', async (t) => {
    await using registry = disposable(await createOpener(t)());
    await t.rejects(registry.moveAlias(NS, APP, undefined, 'me'), { code: 'unknown_function' });
    await registry.commitVersion(newVersion('app', 'one'), 'me');
    await t.rejects(registry.moveAlias(NS, APP, undefined, 'me'), { code: 'unknown_version' });
    for (const number of [0, 2, -1, 1.5, Number.NaN]) {
      const move = registry.moveAlias(NS, APP, number as VersionNumber, 'me');
      await t.rejects(move, { code: 'unknown_version' }, String(number));
    }
  });

  t.test('deleteFunction() removes the function with its versions and routes', async (t) => {
    const open = createOpener(t);
    {
      await using registry = disposable(await open());
      await registry.commitVersion(newVersion('app', 'one', { routes: [HOST_ROUTE] }), 'me');
      await registry.deleteFunction(NS, APP, 'me');
      t.equal(registry.snapshot.functions.size, 0);
      await t.rejects(registry.deleteFunction(NS, APP, 'me'), { code: 'unknown_function' });
    }
    await using registry = disposable(await open());
    t.equal(registry.snapshot.functions.size, 0);
    t.same(await registry.loadVersions(NS, APP), []);
    await registry.commitVersion(newVersion('other', 'one', { routes: [HOST_ROUTE] }), 'me');
    const { version } = await registry.commitVersion(newVersion('app', 'new'), 'me');
    t.equal(version.number, 2, 'a number never means two different versions');
    await t.rejects(registry.moveAlias(NS, APP, undefined, 'me'), { code: 'unknown_version' });
  });

  t.test('50 commits of one name at once give versions 1 to 50, the last one live', async (t) => {
    await using registry = disposable(await createOpener(t)());
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        registry.commitVersion(newVersion('app', `code ${index}`), 'me'),
      ),
    );
    const numbers = results.map(({ version }) => version.number as number);
    t.same(
      numbers.sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    t.equal(registry.snapshot.functions.get(APP)?.live.number, 50);
  });

  t.test('subscribers get each snapshot once, in order, until they stop', async (t) => {
    await using registry = disposable(await createOpener(t)());
    const { epoch } = registry.snapshot;
    const seen: number[] = [];
    registry.subscribe(() => {
      throw new Error('a listener that fails harms nobody');
    });
    const stop = registry.subscribe((snapshot) => {
      t.equal(registry.snapshot, snapshot);
      seen.push(snapshot.epoch);
    });
    const codes = ['one', 'two', 'three'];
    await Promise.all(codes.map((code) => registry.commitVersion(newVersion('app', code), 'me')));
    await registry.deleteFunction(NS, APP, 'me');
    t.same(
      seen,
      [1, 2, 3, 4].map((step) => epoch + step),
    );
    stop();
    await registry.commitVersion(newVersion('app', 'four'), 'me');
    t.equal(seen.length, 4);
  });

  t.test('a snapshot in use is not changed by later changes, and by nobody else', async (t) => {
    await using registry = disposable(await createOpener(t)());
    await registry.commitVersion(newVersion('app', 'one'), 'me');
    const { snapshot } = registry;
    await registry.commitVersion(newVersion('app', 'two'), 'me');
    const record = snapshot.functions.get(APP);
    t.equal(record?.live.number, 1);
    t.throws(() => Object.assign(snapshot, { epoch: 0 }), TypeError);
    t.throws(
      () => Object.assign(record?.live.settings.limits ?? {}, { memoryBytes: 0 }),
      TypeError,
    );
  });

  t.test('loadChanges() tells who changed what, newest first', async (t) => {
    await using registry = disposable(await createOpener(t)());
    await registry.commitVersion(newVersion('app', 'one'), 'ann');
    await registry.commitVersion(newVersion('app', 'two'), 'ben');
    await registry.moveAlias(NS, APP, undefined, 'cy');
    await registry.addToken(token('t1', 'ci'), 'dan');
    await registry.deleteFunction(NS, APP, 'eve');
    const changes = await registry.loadChanges(100);
    t.match(changes, [
      { by: 'eve', action: 'delete', function: 'app' },
      { by: 'dan', action: 'token-create', function: undefined, detail: 'ci (t1): read, deploy' },
      { by: 'cy', action: 'rollback', detail: 'version 2 to 1' },
      { by: 'ben', action: 'deploy', detail: 'version 2' },
      { by: 'ann', action: 'deploy', detail: 'version 1' },
    ]);
    t.same(await registry.loadChanges(2), changes.slice(0, 2));
    t.same(await registry.loadChanges(0), []);
  });

  t.test('loadReferences() names what any version needs', async (t) => {
    await using registry = disposable(await createOpener(t)());
    const digest = digestOf(Buffer.from('file'));
    const files = ['/data/a', '/data/b'].map((path) => ({
      path,
      digest,
      size: 1,
      modifiedMs: 0.5,
    }));
    const [one, two] = [
      newVersion('app', 'one', { settings: { ...SETTINGS, files } }),
      newVersion('app', 'two'),
    ];
    await registry.commitVersion(one, 'me');
    await registry.commitVersion(two, 'me');
    t.same(await registry.loadReferences(), {
      artifacts: new Set([one.artifact, two.artifact]),
      prepared: new Set([one.prepared, two.prepared]),
      files: new Set([digest]),
    });
    t.same((await registry.loadVersions(NS, APP))[1]?.settings.files, files);
    await registry.deleteFunction(NS, APP, 'me');
    t.same(await registry.loadReferences(), {
      artifacts: new Set(),
      prepared: new Set(),
      files: new Set(),
    });
  });

  t.test('tokens are kept by name and hash', async (t) => {
    const open = createOpener(t);
    const first = token('t1', 'ci');
    {
      await using registry = disposable(await open());
      await registry.addToken(first, 'me');
      await t.rejects(registry.addToken(token('t2', 'ci'), 'me'), { code: 'token_exists' });
      await t.rejects(registry.addToken(token('t1', 'x'), 'me'), { code: 'token_exists' });
    }
    await using registry = disposable(await open());
    t.same(await registry.loadTokens(), [first]);
  });

  t.test('text of any kind is kept as it is', async (t) => {
    await using registry = disposable(await createOpener(t)());
    const text = `'; DROP TABLE versions; -- "\u2028 \u{1F600} \\ {name} \0`;
    const settings: VersionSettings = { ...SETTINGS, environment: [['__proto__', text]] };
    await registry.commitVersion(newVersion('app', 'one', { settings }), text);
    const [version] = await registry.loadVersions(NS, APP);
    t.same(version?.settings, settings);
    t.equal(version?.createdBy, text);
  });

  t.test('close() lets running calls finish and refuses later ones', async (t) => {
    const registry = await createOpener(t)();
    const running = registry.commitVersion(newVersion('app', 'one'), 'me');
    await Promise.resolve();
    await Promise.all([registry.close(), registry.close()]);
    t.equal((await running).created, true);
    await t.rejects(registry.loadTokens(), { code: 'host_closing' });
  });
}

function token(id: string, name: string): TokenRecord {
  return { id, name, scopes: ['read', 'deploy'], secretHash: 'ab'.repeat(32), createdMs: 1 };
}

function disposable(registry: Registry): Registry & AsyncDisposable {
  return Object.assign(registry, { [Symbol.asyncDispose]: async () => registry.close() });
}
