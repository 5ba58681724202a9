import t from 'tap';
import { indexInterfaces } from '../../../host/component/find-interface.ts';
import type { HostInterface } from '../../../host/component/host-interface.ts';
import { linkHost } from '../../../host/engine/native/link-host.ts';

class Base {
  readonly given: readonly unknown[];

  constructor(...given: unknown[]) {
    this.given = given;
  }

  inherited(): string {
    return 'inherited';
  }
}

class Thing extends Base {
  static ofParts(...given: unknown[]): unknown[] {
    return [this === Thing, ...given];
  }

  doIt(value: unknown): unknown {
    return [this.given, value];
  }
}

class Plain extends Base {
  static make(...given: unknown[]): unknown[] {
    return given;
  }
}

const host: HostInterface = {
  name: 't:t/i',
  versions: { from: '0.2.0', to: '0.2.5' },
  functions: { 'do-it': (guest: unknown, value: unknown) => [guest, value] },
  resources: { thing: Thing, plain: Plain },
  constructible: ['thing'],
  blocking: [],
};
const offered = indexInterfaces([host]);
const link = (
  name: string,
  parameters = 1,
  from = 't:t/i@0.2.3',
): ReturnType<typeof linkHost>[0] => {
  const [found] = linkHost([{ interface: from, name, parameters }], offered);
  if (found === undefined) throw new Error('nothing was linked');
  return found;
};

t.test('linkHost() finds functions, constructors, methods and static functions', (t) => {
  t.same(link('do-it')('guest', 1), ['guest', 1]);
  for (const count of [0, 1, 3]) {
    const parameters = Array.from({ length: count }, (_, index) => index);
    const made = link('[constructor]thing', count)('guest', ...parameters) as Thing;
    t.same(made.given, ['guest', ...parameters], `${count} parameters`);
  }
  const plain = link('[constructor]plain')('guest', 1) as Plain;
  t.same(plain.given, [1], 'the guest only where it is asked for');
  t.same(link('[static]thing.of-parts')('guest', 1), [true, 'guest', 1]);
  t.same(link('[static]plain.make')('guest', 1), [1]);
  t.same(link('[method]thing.do-it', 2).call(new Thing(7), 'value'), [[7], 'value']);
  t.equal(link('[method]thing.inherited').call(new Thing(7), undefined), 'inherited');
  t.end();
});

t.test('linkHost() refuses what the host does not have', (t) => {
  const missing: readonly (readonly [name: string, from?: string])[] = [
    ['do-it', 't:t/i@0.2.6'],
    ['do-it', 't:t/i@0.3.0'],
    ['do-it', 't:t/i'],
    ['do-it', 't:t/other@0.2.3'],
    ['do-it', ''],
    ['to-string'],
    ['has-own-property'],
    ['[constructor]to-string'],
    ['[method]thing.constructor'],
    ['[method]thing.to-string'],
    ['[method]thing.of-parts'],
    ['[static]thing.call'],
    ['[static]thing.prototype'],
    ['[static]plain.of-parts'],
    ['[resource-drop]thing'],
  ];
  for (const [name, from] of missing) {
    t.throws(() => link(name, 1, from), { code: 'engine_failed' }, `${from ?? ''} ${name}`);
  }
  t.end();
});
