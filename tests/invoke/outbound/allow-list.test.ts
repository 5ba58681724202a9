import t from 'tap';
import { HostError } from '../../../host/base/errors.ts';
import { parseAllowList } from '../../../host/invoke/outbound/allow-list.ts';
import { readTarget, type Target } from '../../../host/invoke/outbound/target.ts';

function targetOf(url: string): Target {
  const [, scheme, authority = ''] = /^(https?):\/\/(.*)$/.exec(url) ?? [];
  const target = readTarget(scheme === 'https' ? 'https' : 'http', authority);
  if (target === undefined) throw new Error(`no target: ${url}`);
  return target;
}

t.test('a pattern allows what it names and nothing else', async (t) => {
  const table: readonly [pattern: string, allowed: readonly string[], denied: readonly string[]][] =
    [
      [
        'api.example.com',
        ['http://api.example.com', 'https://API.example.com.:8443'],
        ['http://example.com', 'http://api.example.com.evil.org', 'http://xapi.example.com'],
      ],
      [
        '*.example.com',
        ['http://a.example.com', 'https://a.b.example.com'],
        ['http://example.com', 'http://badexample.com', 'http://.example.com.evil.org'],
      ],
      ['example.com:8443', ['https://example.com:8443'], ['https://example.com']],
      ['example.com:*', ['https://example.com:1'], ['https://example.org']],
      ['example.com:443', ['https://example.com'], ['http://example.com']],
      ['https://example.com', ['https://example.com:9'], ['http://example.com']],
      ['*', ['http://example.com', 'https://8.8.8.8:99'], []],
      ['https://*', ['https://example.com'], ['http://example.com']],
      ['*:8080', ['http://example.com:8080'], ['http://example.com']],
      ['10.0.0.0/8:80', ['http://10.1.2.3'], ['http://11.0.0.1', 'http://10.1.2.3:81']],
      [
        '127.0.0.1',
        ['http://127.0.0.1:5', 'http://0x7f.1', 'http://2130706433'],
        ['http://127.0.0.2'],
      ],
      ['[::1]:8080', ['http://[0:0::1]:8080'], ['http://[::1]', 'http://[::2]:8080']],
      ['fd00::/8', ['http://[fd12::1]:5'], ['http://[fe80::1]', 'http://fd00.example']],
      ['[fd00::]/8:80', ['http://[fdff::9]'], ['http://[fdff::9]:81']],
      ['::ffff:10.0.0.1', ['http://10.0.0.1', 'http://[::ffff:a00:1]'], ['http://10.0.0.2']],
      ['bücher.example', ['http://xn--bcher-kva.example'], ['http://bucher.example']],
    ];
  for (const [pattern, allowed, denied] of table) {
    const list = parseAllowList([pattern]);
    for (const url of allowed) t.ok(list.allowsTarget(targetOf(url)), `${pattern} allows ${url}`);
    for (const url of denied) t.notOk(list.allowsTarget(targetOf(url)), `${pattern} denies ${url}`);
  }
  t.notOk(parseAllowList([]).allowsTarget(targetOf('http://example.com')), 'no pattern, no host');
});

t.test('a pattern that cannot be read is refused by name', async (t) => {
  const bad = [
    '',
    ' ',
    'http://',
    'example.com/path',
    'user@example.com',
    'ftp://example.com',
    'example.com:0',
    'example.com:65536',
    'example.com:http',
    'a.*.com',
    '**',
    '*.*',
    '*example.com',
    '10.0.0.0/33',
    '10.0.0/8',
    '127.1',
    '0x7f.0.0.1',
    'example.com/8',
    '[::1',
    '[::1]x',
    '[example.com]',
    '::/129',
    ':::1',
    'a b.com',
    'exa\nmple.com',
    `${'a'.repeat(64)}.com`,
  ];
  for (const pattern of bad) {
    try {
      parseAllowList(['ok.example', pattern]);
      t.fail(`"${pattern}" was taken`);
    } catch (error) {
      t.equal(error instanceof HostError && error.code, 'invalid_allowed_host', `"${pattern}"`);
    }
  }
});

t.test(
  'private addresses are reached only if an address, a range or localhost names them',
  async (t) => {
    const notPublic = [
      '0.0.0.0',
      '10.0.0.1',
      '100.64.0.1',
      '100.100.100.200',
      '127.0.0.1',
      '168.63.129.16',
      '169.254.169.254',
      '172.31.255.255',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::7f00:1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '64:ff9b::10.0.0.1',
      '64:ff9b::a9fe:a9fe',
      '64:ff9b:1::1',
      '2002:7f00:1::',
      '2001:0:1::',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1%eth0',
      'fe80::1',
      'fec0::1',
      'ff02::1',
      'not an address',
    ];
    const any = parseAllowList(['*', 'rebind.example', '*.example']);
    const target = targetOf('http://rebind.example');
    for (const address of notPublic) t.notOk(any.allowsAddress(target, address), address);
    for (const address of [
      '8.8.8.8',
      '1.1.1.1',
      '172.32.0.1',
      '2606:4700::1111',
      '::ffff:8.8.8.8',
      '64:ff9b::808:808',
    ]) {
      t.ok(any.allowsAddress(target, address), address);
    }

    const named = parseAllowList(['rebind.example', '10.0.0.0/8:80', 'https://[::1]']);
    t.ok(named.allowsAddress(target, '10.1.1.1'), 'the range is named');
    t.ok(named.allowsAddress(target, '::ffff:10.1.1.1'), 'in any form');
    t.notOk(named.allowsAddress(targetOf('http://rebind.example:81'), '10.1.1.1'), 'other port');
    t.notOk(named.allowsAddress(target, '192.168.0.1'), 'other range');
    t.notOk(named.allowsAddress(target, '::1'), 'other scheme');

    const local = parseAllowList(['localhost', '*']);
    t.ok(local.allowsAddress(targetOf('http://localhost'), '127.0.0.1'));
    t.ok(local.allowsAddress(targetOf('http://localhost'), '::1'));
    t.notOk(local.allowsAddress(targetOf('http://localhost'), '10.0.0.1'), 'only loopback');
    t.notOk(local.allowsAddress(target, '127.0.0.1'), 'only under that name');
  },
);

t.test('readTarget() takes hosts and nothing more', async (t) => {
  t.strictSame(readTarget('http', 'Example.COM.:80'), {
    scheme: 'http',
    host: 'example.com',
    port: 80,
    origin: 'http://example.com:80',
  });
  t.equal(readTarget('https', '[0:0::1]')?.origin, 'https://[::1]:443');
  for (const authority of [
    '',
    'user@host',
    'a:b@host',
    'host/path',
    'host?x',
    'host#x',
    'ho st',
    'host:0',
    '.',
    'host:99999',
    '[::1',
  ]) {
    t.equal(readTarget('http', authority), undefined, authority);
  }
});
