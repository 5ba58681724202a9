import t from 'tap';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { wasiSignatures } from '../../host/wasi/signatures.ts';
import { officialSignatures } from './official-signatures.ts';

t.test('the table of signatures is what the official WIT files say', async (t) => {
  t.same(wasiSignatures, await officialSignatures(), 'else: node tests/wasi/write-signatures.ts');
});

t.test('every function that the host offers has a signature', (t) => {
  for (const { name, functions } of wasiInterfaces) {
    for (const key of Object.keys(functions)) {
      t.ok(wasiSignatures[name]?.[key] !== undefined, `${name} ${key}`);
    }
  }
  t.end();
});
