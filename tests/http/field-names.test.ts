import t from 'tap';
import { FieldNames } from '../../host/http/field-names.ts';

t.test('names become lower case and say what is done with their field', async (t) => {
  const names = new FieldNames();
  const cases: readonly [raw: string, name: string, role: string][] = [
    ['Accept', 'accept', 'plain'],
    ['HOST', 'host', 'host'],
    ['Keep-Alive', 'keep-alive', 'dropped'],
    ['X-Real-IP', 'x-real-ip', 'dropped'],
    ['X-Forwarded-For', 'x-forwarded-for', 'x-forwarded-for'],
    ['X-Forwarded-Port', 'x-forwarded-port', 'claim'],
    ['__proto__', '__proto__', 'plain'],
  ];
  for (const [raw, name, role] of cases) {
    t.strictSame(names.get(raw), { name, role });
    t.equal(names.get(raw), names.get(raw), 'it is remembered');
  }
});

t.test('a client that invents names does not fill memory', async (t) => {
  const names = new FieldNames();
  const known = names.get('x-0');
  for (let index = 1; index < 3000; index += 1) names.get(`x-${index}`);
  t.not(names.get('x-0'), known, 'it was forgotten');
  t.strictSame(names.get('x-0'), known);
});
