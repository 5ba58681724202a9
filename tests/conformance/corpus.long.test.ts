/** Much more of the corpus, with a seed that nobody has tried. */
import t from 'tap';
import { checkProperty } from './check-property.ts';
import { arbitraryCase, runCase } from './corpus.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';

process.env['FAAS_TEST_SEED'] ??= 'random';

t.test('both engines pass on random values of random types, again and again', async (t) => {
  await checkProperty(t, arbitraryCase(false), 1000, (test) => {
    const isKnown = KNOWN_DIFFERENCES.some(({ applies }) => applies(test));
    return runCase(test, isKnown ? ['native'] : ['jco', 'native']);
  });
});

t.test('the native engine passes on values between components, again and again', async (t) => {
  await checkProperty(t, arbitraryCase(true), 1000, (test) => runCase(test, ['native']));
});
