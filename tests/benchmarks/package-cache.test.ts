import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { installPackage } from '../../benchmarks/peers/package-cache.ts';
import { PeerGap } from '../../benchmarks/peers/peer.ts';

/** A program that stands for npm, and notes what it was asked. */
function fakeNpm(t: Test, script: string): { readonly npm: string; readonly folder: string } {
  const root = t.testdir({});
  const npm = join(root, 'npm');
  writeFileSync(npm, `#!/bin/sh\necho "$@" >> "${root}/asked"\n${script}\n`);
  chmodSync(npm, 0o755);
  return { npm, folder: join(root, 'cache') };
}

t.test('a package is installed once, without its scripts, and found afterwards', async (t) => {
  const options = fakeNpm(t, 'mkdir -p node_modules/thing');
  const [first, second] = await Promise.all([
    installPackage('@scope/thing', '1.2.3', options),
    installPackage('@scope/thing', '1.2.3', options),
  ]);
  t.equal(first, second);
  t.equal(await installPackage('@scope/thing', '1.2.3', options), first);
  t.ok(existsSync(join(first, 'node_modules', 'thing')));
  t.match(JSON.parse(readFileSync(join(first, 'package.json'), 'utf8')), {
    dependencies: { '@scope/thing': '1.2.3' },
  });
  t.same(readdirSync(options.folder), ['@scope+thing-1.2.3'], 'nothing else is left');
  const asked = readFileSync(join(t.testdirName, 'asked'), 'utf8').trim().split('\n');
  t.ok(asked.length <= 2, 'what is there is not installed again');
  for (const line of asked) t.match(line, '--ignore-scripts');
});

t.test(
  'a package that cannot be installed is a gap with its reason, and leaves nothing',
  async (t) => {
    const options = fakeNpm(t, 'echo "npm error: no network" >&2; exit 1');
    await t.rejects(installPackage('thing', '1.0.0', options), {
      name: 'PeerGap',
      message: 'thing@1.0.0 cannot be installed: npm error: no network',
    });
    t.same(readdirSync(options.folder), []);
    const missing = { ...options, npm: join(t.testdirName, 'none') };
    await t.rejects(installPackage('thing', '1.0.0', missing), PeerGap);
  },
);
