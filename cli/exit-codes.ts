/** What `faas` exits with, for scripts. `--help` and docs/cli.md show this table. */
import { CommanderError } from 'commander';
import { HostError } from '../host/base/errors.ts';
import { ApiError } from './api-error.ts';

/** Exit codes by meaning. */
export const EXIT = Object.freeze({
  ok: 0,
  unexpected: 1,
  usage: 2,
  refused: 3,
  notFound: 4,
  unreachable: 5,
  unauthorised: 6,
  functionFailed: 7,
  toolchainMissing: 8,
  wrongWorld: 9,
  buildFailed: 10,
  manifestInvalid: 11,
  taken: 12,
  versionSkew: 13,
  interrupted: 130,
});

/** The same in words, in order. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.unexpected, 'something failed that should not: the host, the machine or this command'],
  [EXIT.usage, 'wrong use: an unknown flag, a bad value, a file that cannot be read'],
  [EXIT.refused, 'the host refused: the message says why'],
  [EXIT.notFound, 'no such function, version, artifact or key'],
  [EXIT.unreachable, 'no host answers, or it went away'],
  [EXIT.unauthorised, 'no token, a wrong one, or one that lacks the scope'],
  [EXIT.functionFailed, 'invoke, bench: the function failed'],
  [EXIT.toolchainMissing, 'a tool that the build needs is not installed'],
  [
    EXIT.wrongWorld,
    'the component is of a world, or imports interfaces, that the host does not have',
  ],
  [EXIT.buildFailed, 'the build failed, or left nothing that can be deployed'],
  [EXIT.manifestInvalid, 'faas.toml or spin.toml is missing, or says what cannot be'],
  [EXIT.taken, 'the name of a token, a route, or the folder of a new project is taken'],
  [EXIT.versionSkew, 'host and command are of releases that do not fit together'],
  [EXIT.interrupted, 'interrupted (Ctrl-C)'],
];

/** Codes with an exit code of their own, from wherever they come; all others go by status or blame. */
const BY_CODE: ReadonlyMap<string, number> = new Map([
  ['host_unreachable', EXIT.unreachable],
  ['token_missing', EXIT.unauthorised],
  ['toolchain_missing', EXIT.toolchainMissing],
  ['unknown_world', EXIT.wrongWorld],
  ['unknown_import', EXIT.wrongWorld],
  ['import_type_mismatch', EXIT.wrongWorld],
  ['not_wasi_module', EXIT.wrongWorld],
  ['needs_componentizing', EXIT.wrongWorld],
  ['composition_not_offered', EXIT.wrongWorld],
  ['async_not_offered', EXIT.wrongWorld],
  ['build_failed', EXIT.buildFailed],
  ['build_without_result', EXIT.buildFailed],
  ['manifest_missing', EXIT.manifestInvalid],
  ['manifest_syntax', EXIT.manifestInvalid],
  ['unknown_manifest_key', EXIT.manifestInvalid],
  ['invalid_manifest_value', EXIT.manifestInvalid],
  ['spin_unsupported', EXIT.manifestInvalid],
  ['project_exists', EXIT.taken],
  ['route_taken', EXIT.taken],
  ['token_exists', EXIT.taken],
  ['version_skew', EXIT.versionSkew],
]);

/** Which exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ApiError) return BY_CODE.get(error.code) ?? exitCodeOfStatus(error.status);
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (!(error instanceof HostError)) return EXIT.unexpected;
  return BY_CODE.get(error.code) ?? exitCodeOfBlame(error);
}

function exitCodeOfBlame(error: HostError): number {
  return error.blame === 'user' ? EXIT.usage : EXIT.unexpected;
}

function exitCodeOfStatus(status: number): number {
  if (status === 401 || status === 403) return EXIT.unauthorised;
  if (status === 404) return EXIT.notFound;
  return status >= 400 && status < 500 ? EXIT.refused : EXIT.unexpected;
}
