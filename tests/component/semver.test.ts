import t from 'tap';
import { compareVersions, isServedBy, parseInterfaceName } from '../../host/component/semver.ts';

t.test('parseInterfaceName() takes import names apart', (t) => {
  t.same(parseInterfaceName('wasi:http/types@0.2.3'), {
    package: 'wasi:http',
    interface: 'types',
    version: '0.2.3',
  });
  t.same(parseInterfaceName('local:demo/things'), {
    package: 'local:demo',
    interface: 'things',
    version: undefined,
  });
  t.equal(
    parseInterfaceName('wasi:http/types@0.3.0-rc-2025-09-16')?.version,
    '0.3.0-rc-2025-09-16',
  );
  for (const name of [
    'log',
    'wasi:http',
    '',
    'a/b',
    'wasi:http/types@',
    'wasi:http/types@1',
    'wasi:http/types@01.0.0',
    'wasi:http/types@0.2.3 ',
  ]) {
    t.equal(parseInterfaceName(name), undefined, name);
  }
  t.end();
});

t.test('isServedBy() keeps to the range and the compatibility line', (t) => {
  const cases: [wanted: string, from: string, to: string, served: boolean][] = [
    ['0.2.0', '0.2.0', '0.2.12', true],
    ['0.2.12', '0.2.0', '0.2.12', true],
    ['0.2.9', '0.2.0', '0.2.12', true],
    ['0.2.13', '0.2.0', '0.2.12', false],
    ['0.2.1', '0.2.2', '0.2.12', false],
    ['0.3.0', '0.2.0', '0.2.12', false],
    ['0.3.0', '0.2.0', '0.4.0', false],
    ['0.0.1', '0.0.1', '0.0.1', true],
    ['0.0.1', '0.0.0', '0.0.2', false],
    ['1.9.0', '1.0.0', '1.10.0', true],
    ['2.0.0', '1.0.0', '1.10.0', false],
    ['0.2.0-rc-2023-11-10', '0.2.0', '0.2.12', false],
    ['0.2.5-draft', '0.2.0', '0.2.12', false],
    ['0.3.0-rc-2025-09-16', '0.3.0-rc-2025-09-16', '0.3.0-rc-2025-09-16', true],
    ['0.2.3+build', '0.2.0', '0.2.12', true],
    ['0.2', '0.2.0', '0.2.12', false],
    ['nonsense', '0.2.0', '0.2.12', false],
  ];
  for (const [wanted, from, to, served] of cases) {
    t.equal(isServedBy(wanted, { from, to }), served, `${wanted} by ${from} to ${to}`);
  }
  t.end();
});

t.test('compareVersions() orders as semver.org does', (t) => {
  // The example of semver.org, point 11.
  const order =
    '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0';
  const versions = order.split(' ');
  for (const [index, left] of versions.entries()) {
    for (const [other, right] of versions.entries()) {
      t.equal(
        Math.sign(compareVersions(left, right) ?? NaN),
        Math.sign(index - other),
        `${left} ${right}`,
      );
    }
  }
  t.equal(compareVersions('1.0.0', 'x'), undefined);
  t.end();
});
