import t from 'tap';
import { findNearest } from '../../host/base/nearest.ts';

t.test('findNearest() finds what was meant, and nothing where nothing is near', async (t) => {
  const known = ['listen', 'admin', 'logLevel', 'http.headerBytes'];
  t.equal(findNearest('lsten', known), 'listen');
  t.equal(findNearest('loglevel', known), 'logLevel', 'case does not count');
  t.equal(findNearest('http.headrByte', known), 'http.headerBytes');
  t.equal(findNearest('zzzzzz', known), undefined);
  t.equal(findNearest('', known), undefined);
  t.equal(findNearest('x'.repeat(100_000), known), undefined);
  t.equal(findNearest('listen', []), undefined);
});
