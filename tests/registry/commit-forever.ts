/**
 * A child that commits versions of `app` until it is killed, one line with the number for each that is
 * durable. When a commit fails, it prints the code, and what the registry holds when opened again.
 */
import { systemClock } from '../../host/base/clock.ts';
import { toHostError } from '../../host/base/errors.ts';
import { DEFAULT_NAMESPACE, parseFunctionName } from '../../host/base/ids.ts';
import { silentLog } from '../../host/logs/log.ts';
import { openSqliteRegistry } from '../../host/registry/sqlite-registry.ts';
import { newVersion } from './registry-suite.ts';

const path = process.argv[2] ?? '';
const options = { clock: systemClock, log: silentLog };
const registry = await openSqliteRegistry(path, options);
try {
  for (let index = 0; ; index += 1) {
    const routes = [{ host: `${index}.example.com`, path: '/*' }];
    const { version } = await registry.commitVersion(
      newVersion('app', `${process.pid} ${index}`, { routes }),
      'child',
    );
    process.stdout.write(`${version.number}\n`);
  }
} catch (error) {
  const live = registry.snapshot.functions.get(parseFunctionName('app'))?.live.number;
  await registry.close();
  const again = await openSqliteRegistry(path, options);
  const versions = await again.loadVersions(DEFAULT_NAMESPACE, parseFunctionName('app'));
  await again.close();
  const result = { code: toHostError(error).code, live, versions: versions.length };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
