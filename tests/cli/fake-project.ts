/**
 * A project whose toolchain is a script: it copies the prebuilt component that `src/which.txt` names, so that
 * everything around a build can be tested with Node alone. `fail` fails, `hang` does not end, `nothing` makes nothing,
 * anything else that is no component is written as it is. Where there is `src/stamp.txt`, every build writes it anew.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

const COMPONENTS = fileURLToPath(new URL('../../components/', import.meta.url));

const BUILD = `
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
const which = readFileSync('src/which.txt', 'utf8').trim();
console.log('building ' + which);
if (existsSync('src/stamp.txt')) writeFileSync('src/stamp.txt', String(performance.timeOrigin));
const component = ${JSON.stringify(COMPONENTS)} + which + '.wasm';
if (which === 'fail') { console.error('src/which.txt:1:1: syntax error'); process.exit(3); }
if (which === 'hang') setInterval(() => {}, 1000);
else if (existsSync(component)) copyFileSync(component, 'out.wasm');
else if (which !== 'nothing') writeFileSync('out.wasm', which);
`;

/** What is different from the usual. */
export interface FakeProject {
  /** Component of `components/` that the build makes. */
  readonly which?: string;
  /** Lines of the manifest at its top. */
  readonly top?: string;
  /** Lines at its end. */
  readonly end?: string;
  /** Lines of its `[build]`. */
  readonly build?: string;
}

/** Environment in which the script runs. */
export const PATH_ONLY = { PATH: process.env['PATH'] ?? '' };

/** Makes the project. @returns Its folder. */
export function fakeProject(t: Test, project: FakeProject = {}): string {
  const { which = 'hello-rust', top = '', end = '', build = '' } = project;
  return join(
    t.testdir({
      project: {
        'faas.toml': `name = "hello"\n${top}\n[build]\ncommand = "node build.mjs"\nartifact = "out.wasm"\nwatch = ["src/**", "build.mjs"]\n${build}\n${end}\n`,
        'build.mjs': BUILD,
        src: { 'which.txt': which },
        public: { 'a.txt': 'a' },
      },
    }),
    'project',
  );
}
