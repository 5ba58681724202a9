/** `faas serve`: runs the host until it is told to end. */
import { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { deployExamples } from '../deploy-examples.ts';
import { addFormatFlag, type OutputFlags } from '../output-flags.ts';
import type { OutputOf } from '../output/output-schemas.ts';

interface Flags extends OutputFlags {
  readonly listen?: string;
  readonly admin?: string;
  readonly dataDir?: string;
  readonly config?: string;
  readonly logLevel?: string;
  readonly workers?: number | 'auto';
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly examples?: boolean;
}

/** Makes the command. */
export function serveCommand(cli: Cli): Command {
  const command = new Command('serve')
    .description('run the host; prints one line when it is ready, logs go to stderr')
    .option(
      '--listen <host:port>',
      'address of the functions (default 127.0.0.1:8080; port 0: a free one)',
    )
    .option(
      '--admin <address>',
      'address of the admin API: host:port or unix:/path (default 127.0.0.1:8081)',
    )
    .option('--data-dir <dir>', 'where everything is kept (or FAAS_DATA_DIR)')
    .option('--config <file>', 'JSON file with settings; see docs/configuration.md')
    .option('--log-level <level>', 'fatal, error, warn, info, debug or trace (default info)')
    .option(
      '--workers <count>',
      'processes that serve: auto (one for each core, the default) or a number',
      readWorkers,
    )
    .option('--tls-cert <file>', 'PEM file with the certificate and its chain: serve TLS')
    .option('--tls-key <file>', 'PEM file with its private key')
    .option('--examples', 'deploy the example functions');
  addFormatFlag(command);
  return command.action(async ({ config, examples, tlsCert, tlsKey, format, ...flags }: Flags) => {
    // The host is loaded here and not at the top: no other command needs it.
    const { runHost } = await import('../../host/main.ts');
    const tls = {
      ...(tlsCert === undefined ? {} : { cert: tlsCert }),
      ...(tlsKey === undefined ? {} : { key: tlsKey }),
    };
    const overrides = Object.keys(tls).length === 0 ? flags : { ...flags, tls };
    const exitCode = await runHost({
      configFile: config,
      overrides,
      ...(format === 'json' ? { showReady } : {}),
      ...(examples === true
        ? { onReady: (host, stopping) => deployExamples(host, cli, stopping) }
        : {}),
    });
    cli.endWith(exitCode);
  });
}

/** The one line on stdout. */
function showReady({ dataUrl, adminUrl }: { dataUrl: string; adminUrl: string }): string {
  const ready: OutputOf<'serve'> = { event: 'ready', dataUrl, adminUrl };
  return JSON.stringify(ready);
}

/** `auto`, or a number of processes; the host says what is wrong with others. */
function readWorkers(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}
