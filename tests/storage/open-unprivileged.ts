/** A child that gives up root's rights, tries to open a data directory and prints the error as JSON. */
import { toHostError } from '../../host/base/errors.ts';
import { openDataDirectory } from '../../host/storage/data-directory.ts';

const NOBODY = 65_534;
if (process.getuid?.() === 0) {
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}
try {
  await openDataDirectory(process.argv[2] ?? '');
  process.stdout.write('opened');
} catch (error) {
  process.stdout.write(JSON.stringify(toHostError(error)));
}
