import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import t from 'tap';
import { burn, BURN_PLACES } from './burn.ts';

t.test('the guests that burn CPU are valid, wherever they do it', async (t) => {
  for (const place of BURN_PLACES) {
    t.match(await componentWit(await burn(place)), 'export wasi:http/incoming-handler@', place);
  }
});
