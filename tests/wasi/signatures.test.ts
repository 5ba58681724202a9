import t from 'tap';
import { signatureKey } from '../../host/component/signature-text.ts';
import { wasiInterfaces } from '../../host/wasi/interfaces.ts';
import { wasiSignatures } from '../../host/wasi/signatures.ts';
import { officialSignatures } from './official-signatures.ts';

t.test('the table of signatures is what the official WIT files say', async (t) => {
  t.same(wasiSignatures, await officialSignatures(), 'else: node tests/wasi/write-signatures.ts');
});

t.test('every function that the host offers has a signature', (t) => {
  for (const { name, versions, functions } of wasiInterfaces) {
    const table = wasiSignatures[signatureKey(`${name}@${versions.from}`)];
    for (const key of Object.keys(functions)) t.ok(table?.[key] !== undefined, `${name} ${key}`);
  }
  t.end();
});
