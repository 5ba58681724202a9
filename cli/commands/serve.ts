/** `faas serve`: runs the host until it is told to end. */
import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { deployExamples } from '../deploy-examples.ts';

interface Flags {
  readonly listen?: string;
  readonly admin?: string;
  readonly dataDir?: string;
  readonly config?: string;
  readonly logLevel?: string;
  readonly examples?: boolean;
}

/** Makes the command. */
export function serveCommand(cli: Cli): Command {
  return new Command('serve')
    .description('run the host; prints one line when it is ready, logs go to stderr')
    .option(
      '--listen <host:port>',
      'address of the functions (default 127.0.0.1:8080; port 0: a free one)',
    )
    .option('--admin <host:port>', 'address of the admin API (default 127.0.0.1:8081)')
    .option('--data-dir <dir>', 'where everything is kept (or FAAS_DATA_DIR)')
    .option('--config <file>', 'JSON file with settings; see docs/configuration.md')
    .option('--log-level <level>', 'fatal, error, warn, info, debug or trace (default info)')
    .option('--examples', 'deploy the example functions')
    .action(async ({ config, examples, ...overrides }: Flags) => {
      // The host is loaded here and not at the top: no other command needs it.
      const { runHost } = await import('../../host/main.ts');
      const exitCode = await runHost({
        configFile: config,
        overrides,
        ...(examples === true
          ? { onReady: (host, stopping) => deployExamples(host, cli, stopping) }
          : {}),
      });
      cli.endWith(exitCode);
    });
}
