/**
 * Notices that a certificate was renewed. Directories are watched, because those who renew put a new file or link in place of the old
 * one (certbot, Kubernetes); and now and then both files are read, because not every file system tells of changes.
 * What is no usable pair is logged and not used: half of a renewal is such, and the rest follows.
 */
import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Closeable } from '../base/closeable.ts';
import { toHostError, type HostError } from '../base/errors.ts';
import type { Log } from '../logs/log.ts';
import { checkTlsPair, readTlsFiles, type TlsFiles, type TlsPair } from './tls-pair.ts';

/** How long a directory must be quiet: a certificate and its key are two files. */
const QUIET_MS = 200;
/** Time between two looks that nothing asked for. */
const LOOK_MS = 30_000;
const DAY_MS = 24 * 3600 * 1000;

/** What the watch works with. */
export interface TlsWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Time between two looks, ms. */
  readonly lookMs?: number;
}

/** Watches two files. */
export class TlsWatch implements Closeable {
  /** Gets each new pair that is usable. */
  onPair: ((pair: TlsPair) => void) | undefined;
  readonly #files: TlsFiles;
  readonly #parts: TlsWatchParts;
  readonly #watchers: FSWatcher[] = [];
  /** What was read last, usable or not: what has not changed is not judged again. */
  #seen: string;
  /** What was said last of files that cannot be used: it is said once. */
  #failure: string | undefined;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();
  #pair: TlsPair;
  #isClosed = false;

  private constructor(files: TlsFiles, pair: TlsPair, parts: TlsWatchParts) {
    this.#files = files;
    this.#parts = parts;
    this.#pair = pair;
    this.#seen = fingerprint(pair);
  }

  /**
   * Reads the files and goes on watching them.
   *
   * @throws {tls_unusable} If they are no usable pair.
   */
  static async open(files: TlsFiles, parts: TlsWatchParts): Promise<TlsWatch> {
    const pair = checkTlsPair(await readTlsFiles(files), files);
    const opened = new TlsWatch(files, pair, parts);
    opened.#watchDirectories();
    opened.#noteEnd(pair);
    // What was changed since they were read, no watcher has told of.
    opened.#lookIn(QUIET_MS);
    return opened;
  }

  /** The last pair that is usable. */
  get pair(): TlsPair {
    return this.#pair;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    await this.#looking;
  }

  #watchDirectories(): void {
    for (const directory of new Set([dirname(this.#files.cert), dirname(this.#files.key)])) {
      try {
        const watcher = watch(directory, { persistent: false }, () => this.#lookIn(QUIET_MS));
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch (error) {
        this.#parts.log.warn(
          { err: error, directory },
          'the directory of a TLS file cannot be watched: it is only looked at now and then',
        );
      }
    }
  }

  #lookIn(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancel?.();
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      this.#looking = this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#cancel = undefined;
    try {
      const text = await readTlsFiles(this.#files);
      if (this.#isNews(fingerprint(text))) this.#use(checkTlsPair(text, this.#files));
    } catch (error) {
      this.#noteFailure(toHostError(error));
    }
    // A change during the look has set the timer already.
    if (this.#cancel === undefined) this.#lookIn(this.#parts.lookMs ?? LOOK_MS);
  }

  #isNews(seen: string): boolean {
    const isNews = seen !== this.#seen;
    this.#seen = seen;
    return isNews;
  }

  #use(pair: TlsPair): void {
    if (this.#isClosed) return;
    this.#failure = undefined;
    this.#pair = pair;
    this.onPair?.(pair);
    this.#parts.log.info(
      { cert: this.#files.cert, ends: dateOf(pair) },
      'a new certificate is used',
    );
    this.#noteEnd(pair);
  }

  #noteFailure(error: HostError): void {
    if (this.#isClosed || error.message === this.#failure) return;
    this.#failure = error.message;
    this.#parts.log.error(
      { err: error },
      'the TLS files have changed and cannot be used: the certificate from before stays in use',
    );
  }

  #noteEnd(pair: TlsPair): void {
    const leftMs = pair.endMs - this.#parts.clock.wallMs();
    if (leftMs > DAY_MS) return;
    const message = leftMs <= 0 ? 'the certificate has ended' : 'the certificate ends within a day';
    this.#parts.log.warn({ cert: this.#files.cert, ends: dateOf(pair) }, message);
  }
}

function fingerprint({ cert, key }: { cert: string; key: string }): string {
  return `${cert}\n${key}`;
}

function dateOf(pair: TlsPair): string {
  return new Date(pair.endMs).toISOString();
}
