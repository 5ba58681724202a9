/** Compiles a module that it is sent again and again, each time with other bytes, so that V8 cannot share what it has. */
import { once } from 'node:events';

// Unlike others, these compilations keep no process alive.
process.channel?.ref();
const [base64] = (await once(process, 'message')) as [string];
const bytes = Buffer.from(base64, 'base64');
let compiled = 0;
let functions = 0;
for (let round = 0; round < 10; round += 1) {
  const modules = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      WebAssembly.compile(Buffer.concat([bytes, Uint8Array.of(0, 3, 1, round, index)])),
    ),
  );
  for (const module of modules) {
    compiled += 1;
    functions += WebAssembly.Module.exports(module).some(({ kind }) => kind === 'function') ? 1 : 0;
  }
}
process.send?.({ compiled, functions });
process.disconnect?.();
