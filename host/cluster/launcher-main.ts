/** The launcher as a process: `node launcher-main.ts SOCKET HOST PORT [spare]`, with the bound socket as descriptor 3. */
import { Launcher, SPARE_ROLE } from './launcher.ts';

const [, , launcherSocket = '', host = '', port = '', role] = process.argv;
// Whoever read what is said here may be gone; that must end nobody.
process.stderr.on('error', () => {});
const launcher = new Launcher({
  address: { host, port: Number(port) },
  isSpare: role === SPARE_ROLE,
  onEnd: () => process.exit(0),
});
process.on('SIGTERM', () => launcher.end());
process.on('SIGINT', () => launcher.end());
// The terminal it was started from has closed: the host goes on until it is told to end.
process.on('SIGHUP', () => {});
await launcher.listen(launcherSocket);
