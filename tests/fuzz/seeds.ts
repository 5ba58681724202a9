/** The components that are changed: generated ones, compositions, resources, guests in WAT, and the smallest examples. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { planComponent } from '../../host/component/plan-component.ts';
import { composedComponent, echoComponent } from '../conformance/echo-component.ts';
import { composedRawComponent, rawComponent } from '../conformance/raw-component.ts';
import { resourceComponent } from '../conformance/resource-component.ts';
import { ruleComponent } from '../conformance/rule-component.ts';
import { arbitraryFunction } from '../conformance/type-arbitrary.ts';
import { catchAll } from '../guests/catch-all.ts';
import { example, wat } from '../guests/guests.ts';
import type { Seed } from './mutate.ts';

/** Makes them; always the same for a seed. */
export async function makeSeeds(seed: number): Promise<readonly Seed[]> {
  const bounds = { handles: 'own', maxParameters: 4, maxDepth: 3 } as const;
  const functions = fc.sample(arbitraryFunction(bounds), { seed, numRuns: 12 });
  const texts: [name: string, text: string][] = [
    ['resources', resourceComponent()],
    ['rules', ruleComponent({ call: '(call $text (i32.const 16)) (i32.const 1)' })],
    ...functions.flatMap((type, index): [string, string][] => [
      [`echo ${index}`, echoComponent([type], index % 2 === 0 ? 'utf8' : 'latin1+utf16')],
      [`composed ${index}`, composedComponent([type], ['utf8', 'utf16'])],
      [`raw ${index}`, rawComponent([type], 'utf8')],
      [`composed raw ${index}`, composedRawComponent([type], 'utf16', 'utf8')],
    ]),
  ];
  const made = await Promise.all(
    texts.map(async ([name, text]) => describe(name, await parse(text))),
  );
  return [
    ...made,
    describe('hello', await wat('hello')),
    describe('command', await wat('command')),
    describe('several versions', await wat('several-versions')),
    describe('catches all', await catchAll('try_table catch_all', 'cheat')),
    describe('hello-rust', example('hello-rust')),
    describe('hello-p3-rust', example('hello-p3-rust')),
    describe('files-rust', example('files-rust')),
  ];
}

function describe(name: string, bytes: Uint8Array): Seed {
  const planned = planComponent(bytes);
  const modules = 'plan' in planned ? planned.plan.modules : [];
  return { name, bytes, modules };
}
