/** `faas dev`: builds, serves on a private host, and does so again at every change, until Ctrl-C. */
import { Command } from 'commander';
import { HostError } from '../../host/base/errors.ts';
import type { Cli } from '../cli.ts';
import { addDeployFlags, type DeployFlags } from '../deploy-flags.ts';
import { DevReporter } from '../dev/dev-reporter.ts';
import { startDevHost, type DevHostListener } from '../dev/start-dev-host.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import { checkName, loadFunctions, requireManifest } from '../resolve-deployments.ts';

type Flags = DeployFlags & OutputFlags & { readonly file?: string; readonly listen?: string };

/** Makes the command. */
export function devCommand(cli: Cli): Command {
  const command = new Command('dev')
    .description('build and serve a function, and do so again at every change, until Ctrl-C')
    .argument('[dir]', 'the folder of the manifest; by default the one it runs in')
    .option('-f, --file <manifest>', 'a faas.toml or spin.toml')
    .option(
      '--listen <host:port>',
      'address of the function (default 127.0.0.1:3000, or a free port)',
    );
  addFormatFlag(addDeployFlags(command));
  return command.action(async (path: string | undefined, flags: Flags) => {
    const file = await requireManifest({ path, file: flags.file });
    const reporter = new DevReporter(cli, flags.format);
    // Read once before anything is started, so that what is wrong with it ends the command.
    const { functions, missing } = await loadFunctions(file, cli.environment);
    checkName(functions, flags, file);
    for (const what of missing)
      await reporter.tell({ event: 'note', text: `not offered here: ${what}` });
    const { DevLoop } = await import('../dev/dev-loop.ts');
    const interrupted = cli.onInterrupt();
    const listener: DevHostListener = {
      onRequest: (request) => void reporter.tell({ event: 'request', ...request }),
      onLog: (text) => void reporter.tell({ event: 'note', text: `host: ${text}` }),
    };
    await using host = await startDevHost(flags.listen, cli.environment, listener);
    await reporter.tell({ event: 'host', url: host.dataUrl, dataDir: host.dataDir });
    const gone = new AbortController();
    void host.ended.then(() => gone.abort());
    const signal = AbortSignal.any([interrupted, gone.signal]);
    await new DevLoop({ file, flags, host, reporter, cli, signal }).run();
    if (!interrupted.aborted) throw new HostError('dev_host_failed', { reason: 'it has ended' });
  });
}
