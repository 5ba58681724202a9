/** Our interfaces against the official WIT files: the same functions and resources, no more and no less. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { HostInterface } from '../../host/component/host-interface.ts';
import { signatureKey } from '../../host/component/signature-text.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { wasiSignatures } from '../../host/wasi/signatures.ts';

const WIT = join(
  import.meta.dirname,
  '../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12',
);
const PACKAGES = ['io', 'cli', 'clocks', 'random', 'filesystem', 'sockets'];
/** Drafts: `sdk/wit/` has their files. */
const DRAFTS = /^wasi:(keyvalue|config|logging)\//;
/** What a guest exports; a host does not offer it. */
const EXPORTED = new Set(['wasi:cli/run']);

/** Whether an interface is of the line 0.3, of which not everything is offered. */
const isLine3 = ({ versions }: HostInterface): boolean => versions.from === '0.3.0';
/** Interfaces of the line 0.3 without functions. */
const TYPES_ONLY = /^wasi:(cli\/(types|terminal-(in|out)put)|clocks\/types)$/;

interface WitInterface {
  readonly functions: string[];
  readonly resources: Map<string, string[]>;
}

t.test('every official interface is offered, with its functions, resources and methods', (t) => {
  const official = readOfficialInterfaces();
  t.ok(official.size > 25, `the WIT files were understood: ${official.size} interfaces`);
  for (const [name, wit] of official) {
    const offered = wasiInterfaces.find((one) => one.name === name && !isLine3(one));
    if (offered === undefined) {
      t.fail(`${name} is missing`);
      continue;
    }
    t.same(Object.keys(offered.functions).sort(), wit.functions.sort(), `functions of ${name}`);
    t.same(
      Object.keys(offered.resources).sort(),
      [...wit.resources.keys()].sort(),
      `resources of ${name}`,
    );
    for (const [resource, methods] of wit.resources) {
      const expected = methods.map(toCamelCase).sort();
      t.same(methodsOf(offered, resource), expected, `methods of ${name} ${resource}`);
    }
  }
  t.end();
});

t.test('nothing is offered that the official files do not have', (t) => {
  const official = readOfficialInterfaces();
  const ours = wasiInterfaces.filter(
    (one) => !/^(wasi:http|faas:)/.test(one.name) && !DRAFTS.test(one.name) && !isLine3(one),
  );
  for (const { name } of ours) t.ok(official.has(name), name);
  t.equal(new Set(ours.map(({ name }) => name)).size, ours.length, 'each is there once');
  t.end();
});

t.test(
  'drafts, the line 0.3 and our own interfaces have what the table of signatures has, and nothing else',
  (t) => {
    const ours = wasiInterfaces.filter(
      (one) =>
        DRAFTS.test(one.name) ||
        one.name.startsWith('faas:') ||
        (isLine3(one) && !TYPES_ONLY.test(one.name)),
    );
    const keys = ours.map(({ name, versions }) => signatureKey(`${name}@${versions.from}`));
    const known = Object.keys(wasiSignatures).filter(
      (name) => DRAFTS.test(name) || name.startsWith('faas:') || name.endsWith('@0.3'),
    );
    const unversioned = ours.filter((one) => one.servesUnversioned).map(({ name }) => name);
    t.same([...keys, ...unversioned].sort(), known.sort());
    for (const offered of ours) {
      const key = signatureKey(`${offered.name}@${offered.versions.from}`);
      for (const name of Object.keys(wasiSignatures[key] ?? {})) {
        if (name.startsWith('[constructor]')) {
          t.ok(offered.constructible?.includes(name.slice(13)), `${key} ${name}`);
          continue;
        }
        const [, kind, resource = '', method = ''] = /^\[(\w+)\]([^.]+)\.(.+)$/.exec(name) ?? [];
        const exists =
          kind === undefined
            ? Object.hasOwn(offered.functions, name)
            : kind === 'method'
              ? methodsOf(offered, resource).includes(toCamelCase(method))
              : Object.hasOwn(offered.resources[resource] ?? {}, toCamelCase(method));
        t.ok(exists, `${key} ${name}`);
      }
      for (const name of Object.keys(offered.functions)) {
        t.ok(Object.hasOwn(wasiSignatures[key] ?? {}, name), `${key} ${name} is in the WIT`);
      }
    }
    t.end();
  },
);

t.test('what may block is a function or method that exists', (t) => {
  for (const offered of wasiInterfaces) {
    for (const blocking of offered.blocking) {
      const [, kind, resource = '', name = ''] =
        /^\[(method|static)\]([^.]+)\.(.+)$/.exec(blocking) ?? [];
      const exists =
        kind === undefined
          ? blocking in offered.functions
          : kind === 'method'
            ? methodsOf(offered, resource).includes(toCamelCase(name))
            : Object.hasOwn(offered.resources[resource] ?? {}, toCamelCase(name));
      t.ok(exists, `${offered.name} ${blocking}`);
    }
  }
  t.end();
});

function methodsOf(offered: HostInterface, resource: string): string[] {
  const names = new Set<string>();
  let prototype: object | null = offered.resources[resource]?.prototype ?? null;
  while (prototype !== null && prototype !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(prototype)) names.add(name);
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  names.delete('constructor');
  for (const declared of offered.onMemory ?? []) {
    names.delete(`${toCamelCase(declared.slice(declared.indexOf('.') + 1))}OnMemory`);
  }
  return [...names].sort();
}

function readOfficialInterfaces(): Map<string, WitInterface> {
  const found = new Map<string, WitInterface>();
  for (const packageName of PACKAGES) {
    const folder = join(WIT, `wasi-${packageName}`);
    for (const file of readdirSync(folder)) {
      const text = readFileSync(join(folder, file), 'utf8').replaceAll(/\/\/.*$/gm, '');
      for (const [, name, body] of text.matchAll(/^interface ([a-z0-9-]+) \{\n(.*?)^\}/gms)) {
        const fullName = `wasi:${packageName}/${name}`;
        if (!EXPORTED.has(fullName)) found.set(fullName, parseInterface(body ?? ''));
      }
    }
  }
  return found;
}

function parseInterface(body: string): WitInterface {
  const resources = new Map<string, string[]>();
  const resourcePattern = /^\s*resource ([a-z0-9-]+)\s*(?:;|\{(.*?)^\s*\})/gms;
  const rest = body.replaceAll(resourcePattern, (_all, name: string, methods = '') => {
    resources.set(name, functionNames(String(methods)));
    return '';
  });
  return { functions: functionNames(rest), resources };
}

function functionNames(body: string): string[] {
  return Array.from(body.matchAll(/^\s*%?([a-z0-9-]+)\s*:\s*func\b/gm), ([, name]) => name ?? '');
}

function toCamelCase(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}
