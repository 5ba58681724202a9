/**
 * The host's own log: JSON lines on stderr, readable lines on a terminal.
 *
 * stdout is left to the one `ready` line. Guest output is not written here; see `guest-log.ts`.
 */
import { pino, type Logger } from 'pino';
import pinoPretty from 'pino-pretty';

/** Where runtime code reports what a person may have to know. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(bindings: object): Log;
};

/**
 * Opens the log.
 *
 * @param level Least severe level that is written.
 * @param pretty Whether a person reads it (a terminal).
 */
export function openLog(level: string, pretty: boolean): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!pretty) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(
    options,
    pinoPretty({ destination: 2, colorize: true, translateTime: 'HH:MM:ss.l', sync: true }),
  );
}

/** A log that keeps nothing, for tests and tools. */
export const silentLog: Log = pino({ level: 'silent' });
