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
  [EXIT.functionFailed, 'invoke: the function failed'],
  [EXIT.interrupted, 'interrupted (Ctrl-C)'],
];

/** Which exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ApiError) return exitCodeOfStatus(error.status);
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (!(error instanceof HostError)) return EXIT.unexpected;
  if (error.code === 'host_unreachable') return EXIT.unreachable;
  if (error.code === 'token_missing') return EXIT.unauthorised;
  return error.blame === 'user' ? EXIT.usage : EXIT.unexpected;
}

function exitCodeOfStatus(status: number): number {
  if (status === 401 || status === 403) return EXIT.unauthorised;
  if (status === 404) return EXIT.notFound;
  return status >= 400 && status < 500 ? EXIT.refused : EXIT.unexpected;
}
