import t from 'tap';
import { findInterface, indexInterfaces } from '../../host/component/find-interface.ts';
import { systemClock } from '../../host/base/clock.ts';
import type { RequestId } from '../../host/base/ids.ts';
import { createGuestGrants } from '../../host/invoke/guest-grants.ts';
import { InvocationLog } from '../../host/invoke/guest-output.ts';
import type { GuestLine } from '../../host/logs/guest-line.ts';
import { silentObserver } from '../../host/metrics/observer.ts';
import type { Version } from '../../host/registry/model.ts';
import type { LogLevel } from '../../host/wasi/ports.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { openDirectStore } from '../key-value/direct-store.ts';
import { createRecord } from '../traffic/test-records.ts';
import { TestGuest } from './test-guest.ts';

const offered = indexInterfaces(wasiInterfaces);

function versionWith(settings: Partial<Version['settings']>): Version {
  const { live } = createRecord('app');
  return { ...live, settings: { ...live.settings, ...settings } };
}

t.test('every release of wasi:config in use gives variables, configuration and secrets', (t) => {
  const version = versionWith({
    environment: [
      ['A', 'env'],
      ['B', 'env'],
    ],
    config: [['B', 'config']],
    secrets: [['C', 'secret']],
  });
  const guest = new TestGuest({ grants: createGuestGrants(version, openDirectStore().port) });
  for (const name of [
    'wasi:config/store@0.2.0-draft',
    'wasi:config/store@0.2.0-draft-2024-09-27',
    'wasi:config/store@0.2.0-rc.1',
    'wasi:config/runtime@0.2.0-draft',
  ]) {
    const functions = findInterface(name, offered)?.functions;
    const get = (key: string): unknown => functions?.['get']?.(guest, key);
    t.same(['A', 'B', 'C', 'D', '__proto__', ''].map(get), [
      'env',
      'config',
      'secret',
      undefined,
      undefined,
      undefined,
    ]);
    t.same(functions?.['get-all']?.(guest), [
      ['A', 'env'],
      ['B', 'config'],
      ['C', 'secret'],
    ]);
    t.same(functions?.['get-all']?.(new TestGuest()), [], 'of whoever was given nothing');
  }
  for (const name of [
    'wasi:config/store',
    'wasi:config/store@0.2.0',
    'wasi:config/store@0.2.0-rc.2',
    'wasi:config/runtime@0.2.0-rc.1',
    'wasi:keyvalue/store@0.2.0-draft1',
    'wasi:keyvalue/store@0.2.0',
    'wasi:keyvalue/store',
    'wasi:logging/logging@0.1.0',
  ]) {
    t.equal(findInterface(name, offered), undefined, `${name} is not offered`);
  }
  t.end();
});

t.test('grants lead to the stores that were granted', async (t) => {
  const { port } = openDirectStore();
  const version = versionWith({ keyValue: [{ label: 'own' }, { label: 'theirs', shared: 'all' }] });
  const { stores } = createGuestGrants(version, port);
  t.equal(stores.open('default'), undefined);
  await stores.open('own')?.set([{ key: 'k', value: Buffer.from('o') }]);
  await stores.open('theirs')?.set([{ key: 'k', value: Buffer.from('t') }]);
  t.ok(await port.open('default/function/app/own').exists('k'));
  t.ok(await port.open('default/shared/all').exists('k'));
});

t.test('messages are lines with level and context, with or without a version', (t) => {
  const { log, lines } = openLog(65_536);
  const guest = new TestGuest({
    log: (level, context, message) => log.message(level, context, message),
  });
  for (const name of ['wasi:logging/logging', 'wasi:logging/logging@0.1.0-draft']) {
    const functions = findInterface(name, offered)?.functions;
    functions?.['log']?.(guest, 'warn', 'shop', 'low\non tea');
  }
  functionsOf(guest)('critical', '', 'x');
  functionsOf(new TestGuest())('info', '', 'dropped without a log');
  functionsOf(guest)('debug', 'a\nb', '');
  t.same(
    lines.map(({ stream, text }) => `${stream} ${text}`),
    [
      'log warn shop: low',
      'log warn shop: on tea',
      'log warn shop: low',
      'log warn shop: on tea',
      'log critical: x',
      'log debug a b: ',
    ],
  );
  t.end();
});

t.test('messages share the bound of what an invocation may log, contexts included', (t) => {
  const { log, lines } = openLog(1000);
  log.message('info', 'c'.repeat(100_000), '\n'.repeat(1_000_000));
  log.message('info', '', 'more');
  const kept = lines.filter(({ stream }) => stream === 'log').map(({ text }) => text);
  t.ok(kept.join('').length <= 1000, `${kept.length} lines`);
  t.equal(lines.filter(({ stream }) => stream === 'host').length, 1, 'and it is said once');
  const other = openLog(1000);
  other.log.message('info', '', 'x'.repeat(50_000_000));
  t.equal(other.lines.find(({ stream }) => stream === 'log')?.text.length, 1000);
  t.end();
});

function functionsOf(
  guest: TestGuest,
): (level: LogLevel, context: string, text: string) => unknown {
  const host = findInterface('wasi:logging/logging', offered);
  return (level, context, text) => host?.functions['log']?.(guest, level, context, text);
}

function openLog(logBytes: number): { log: InvocationLog; lines: GuestLine[] } {
  const lines: GuestLine[] = [];
  const { settings } = createRecord('app').live;
  const version = versionWith({ limits: { ...settings.limits, logBytes } });
  const guestLog = { append: (line: GuestLine) => void lines.push(line) };
  const parts = { guestLog, clock: systemClock, observer: silentObserver };
  return { log: new InvocationLog(parts, version, 'r' as RequestId), lines };
}
