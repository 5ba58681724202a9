import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkTool, type ToolCheck } from '../../cli/build/toolchain.ts';

/** Looks for the linker where these programs are on the PATH. */
function linkerAmong(folder: string, names: readonly string[], sdk?: string): ToolCheck {
  for (const name of names) writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 });
  const environment = { PATH: folder, ...(sdk === undefined ? {} : { WASI_SDK_PATH: sdk }) };
  return checkTool('wasm-ld', { environment, folder });
}

t.test('the linker may carry its release in its name, as on Debian', (t) => {
  const missing = linkerAmong(t.testdir({}), ['wasm-ld-x', 'lld-19', 'wasm-ld-9']);
  t.match(missing, { present: false, install: /apt install lld/ });
  const folder = t.testdir({});
  t.match(linkerAmong(folder, ['wasm-ld-14', 'wasm-ld-19']), {
    present: true,
    detail: join(folder, 'wasm-ld-19'),
  });
  t.match(linkerAmong(folder, ['wasm-ld']), { detail: join(folder, 'wasm-ld') });
  t.end();
});

t.test('the linker of a WASI SDK that was named comes first', (t) => {
  const folder = t.testdir({ sdk: { bin: { 'wasm-ld': '' } }, empty: {} });
  const sdk = join(folder, 'sdk');
  t.match(linkerAmong(folder, ['wasm-ld-19'], sdk), { detail: join(sdk, 'bin', 'wasm-ld') });
  t.match(linkerAmong(folder, [], join(folder, 'empty')), { detail: join(folder, 'wasm-ld-19') });
  t.end();
});

t.test('a program that is too old is missing; one that does not say its release is not', (t) => {
  const folder = t.testdir({});
  const check = (said: string): boolean => {
    writeFileSync(join(folder, 'go'), `#!/bin/sh\necho '${said}'\n`, { mode: 0o755 });
    return checkTool('go', { environment: { PATH: folder }, folder }).present;
  };
  t.equal(check('go version go1.19.8 linux/amd64'), false);
  t.equal(check('go version go1.24 linux/amd64'), true);
  t.equal(check('go version go1.26.8 linux/amd64'), true);
  t.equal(check('go version go2.0 linux/amd64'), true);
  t.equal(check('go version devel go1.27-abcdef'), true);
  t.equal(check(''), true);
  const { install } = checkTool('go', { environment: { PATH: '' }, folder });
  t.match(install, /Go 1\.24 or newer/);
  t.end();
});
