/** A child that opens the data directory it is given, says so, and keeps it until it is killed. */
import { openDataDirectory } from '../../host/storage/data-directory.ts';

const directory = await openDataDirectory(process.argv[2] ?? '');
process.stdout.write(`holding ${directory.path}\n`);
setInterval(() => directory.path, 1_000_000);
