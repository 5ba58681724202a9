/** Where the code of this package and of its dependencies lies: what a process under the permission model may read. */
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Found out once: to look for it takes descriptors, which a busy host may lack later. */
export const PACKAGE_ROOTS: readonly string[] = packageRoots();

/** Path of a module of this package, given without its extension: `.ts` from source, `.js` compiled. */
export function modulePath(relative: string): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  return fileURLToPath(new URL(`../${relative}${extension}`, import.meta.url));
}

/** The package, and the folder its dependencies are installed in, each with all that is below. */
function packageRoots(): string[] {
  const here = fileURLToPath(import.meta.url);
  const compiledPart = `${sep}dist${sep}host${sep}base${sep}`;
  const sourcePart = `${sep}host${sep}base${sep}`;
  const part = here.includes(compiledPart) ? compiledPart : sourcePart;
  const packageRoot = here.slice(0, here.lastIndexOf(part));
  const dependency = createRequire(import.meta.url).resolve(
    '@bytecodealliance/jco-transpile/component',
  );
  const marker = `${sep}node_modules${sep}`;
  const modules = dependency.slice(
    0,
    dependency.lastIndexOf(`${marker}@bytecodealliance${sep}`) + marker.length,
  );
  return [join(packageRoot, '*'), join(modules, '*')];
}
