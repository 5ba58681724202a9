/** A component that was built for the oldest drafts, deployed and called. */
import t from 'tap';
import { kvDraft } from '../../guests/guests.ts';
import { openHarness } from '../../invoke/harness.ts';

const SETTINGS = {
  keyValue: [{ label: 'default' }],
  environment: [['E', 'env']] as const,
  config: [['key', 'value']] as const,
};

const EXPECTED = [
  'store.get Ok(Some("value"))',
  'store.get-all Ok([("E", "env"), ("key", "value")])',
  'runtime.get Ok(None)',
  'runtime.get-all Ok([("E", "env"), ("key", "value")])',
  'get Ok(None)',
  'set Ok(())',
  'get Ok(Some([49]))',
  'exists Ok(true) Ok(false)',
  'increment Ok(18446744073709551615)',
  'increment Err(Error::Other("Cannot add to the value: 18446744073709551616 is not between 0 and 18446744073709551615"))',
  'set-many Ok(())',
  'get-many Ok([Some(("b", [50])), None, Some(("c", []))])',
  'list-keys Ok(KeyResponse { keys: ["a", "b", "c"], cursor: None })',
  'list-keys Ok(KeyResponse { keys: [], cursor: None })',
  'delete-many Ok(())',
  'delete Ok(()) Ok(())',
  'set Err(Error::Other("Cannot use the key \\"\\": it is empty"))',
];

// `tests/conformance/examples.long.test.ts` runs the same on both engines and compares.
t.test('a component of the oldest drafts calls all of their functions', async (t) => {
  const host = await openHarness(t);
  const record = await host.deploy('drafts', kvDraft(), SETTINGS);
  const { body } = await host.call(record, '/default');
  t.same(body.trimEnd().split('\n'), EXPECTED);
  t.match(host.guestLog.read(record.name, { tail: 10 }), [
    { stream: 'log', text: 'warn drafts: two' },
    { stream: 'log', text: 'warn drafts: lines' },
  ]);
  t.match((await host.call(record, '/other')).body, /^open Error::AccessDenied$/m);
  t.match((await host.call(record, '/a%2Fb')).body, /^open Error::NoSuchStore$/m);
});
