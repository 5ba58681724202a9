/** Writes `host/wasi/signatures.ts` from the official WIT files and ours: `node tests/wasi/write-signatures.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { officialSignatures } from './official-signatures.ts';

const lines = Object.entries(await officialSignatures()).map(([name, functions]) => {
  const entries = Object.entries(functions).map(([key, digest]) => `    '${key}': '${digest}',\n`);
  return `  '${name}': {\n${entries.join('')}  },\n`;
});
const text = `/**
 * Digests of the types of WASI's functions and ours, by interface (drafts with their version) and WIT name
 * (\`component/signature-text.ts\`).
 *
 * A component says itself which types it calls functions with. Values of other types than an
 * implementation was written for would reach it unchecked, so deploy compares. Generated from the official WIT files and \`sdk/wit/\` by
 * \`node tests/wasi/write-signatures.ts\`; \`tests/wasi/signatures.test.ts\` holds it to them. Long because WASI is.
 */
export const wasiSignatures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
${lines.join('')}};
`;
writeFileSync(join(import.meta.dirname, '../../host/wasi/signatures.ts'), text);
