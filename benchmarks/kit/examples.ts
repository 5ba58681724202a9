/** The example functions that are measured, and the request each is measured with. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDirectoryGrant, type DirectoryGrant } from '../../cli/snapshot.ts';

/** What an example is asked. */
export interface ExampleRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string;
  /** Of a body that is sent; `text/plain` if left out. */
  readonly contentType?: string;
}

/** An example that is built. */
export interface Example {
  readonly name: string;
  /** `command`s are served by the CGI contract and cannot be reused. */
  readonly kind: 'http' | 'command';
  /** The component or core module. */
  readonly path: string;
  readonly directories: readonly DirectoryGrant[];
  readonly request: ExampleRequest;
  /** Limits that its deployment names. */
  readonly limits: { readonly memoryBytes?: number };
  /** Share of the usual number of samples: for what takes many times as long as the others. */
  readonly share: number;
}

const folder = fileURLToPath(new URL('../../components/', import.meta.url));

const MEASURED: readonly Omit<Example, 'path' | 'directories'>[] = [
  {
    name: 'hello-rust',
    kind: 'http',
    request: { method: 'GET', path: '/', body: '' },
    limits: {},
    share: 1,
  },
  {
    name: 'echo-rust',
    kind: 'http',
    request: { method: 'POST', path: '/', body: 'x'.repeat(1024) },
    limits: {},
    share: 1,
  },
  {
    name: 'hello-p3-rust',
    kind: 'http',
    request: { method: 'GET', path: '/', body: '' },
    limits: {},
    share: 1,
  },
  {
    name: 'files-rust',
    kind: 'command',
    request: { method: 'GET', path: '/index.html', body: '' },
    limits: {},
    share: 1,
  },
  {
    name: 'upper-c',
    kind: 'command',
    request: { method: 'POST', path: '/', body: 'hello' },
    limits: {},
    share: 1,
  },
  {
    name: 'hello-js',
    kind: 'http',
    request: { method: 'GET', path: '/?name=bench', body: '' },
    // Reused, its JavaScript engine keeps 30 KB a request: the default limit ends it after 4,200 of them,
    // before the host replaces it.
    limits: { memoryBytes: 512 * 2 ** 20 },
    share: 0.1,
  },
];

/**
 * Lists the examples; `hello-js` only if `components/hello-js/build.js` has built it.
 *
 * @param only Names to keep; all if undefined.
 * @throws {Error} If a name is not that of an example that is built.
 */
export function listExamples(only: readonly string[] | undefined): readonly Example[] {
  const list = JSON.parse(readFileSync(join(folder, 'examples.json'), 'utf8')) as readonly {
    readonly name: string;
    readonly file?: string;
    readonly settings: { readonly dirs?: readonly string[] };
  }[];
  const built = MEASURED.flatMap((measured) => {
    const entry = list.find(({ name }) => name === measured.name);
    const file = entry?.file ?? globSync(`.cache/${measured.name}-*.wasm`, { cwd: folder })[0];
    if (file === undefined) return [];
    const directories = (entry?.settings.dirs ?? []).map((text) => {
      const { hostPath, guestPath } = parseDirectoryGrant(text);
      return { hostPath: join(folder, hostPath), guestPath };
    });
    return [{ ...measured, path: join(folder, file), directories }];
  });
  const stranger = only?.find((name) => !built.some((example) => example.name === name));
  if (stranger !== undefined) {
    const names = built.map(({ name }) => name).join(', ');
    throw new Error(`Cannot measure "${stranger}": it is not one of ${names}`);
  }
  return only === undefined ? built : built.filter(({ name }) => only.includes(name));
}
