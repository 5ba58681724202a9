/**
 * The blame of a host's functions, kept in a small file of the data directory so that a supervisor that starts again still
 * knows what is in quarantine. Strikes that led to none yet are not kept.
 *
 * A file that cannot be read, or is damaged, counts as empty: the functions run, and are found out again if they stop
 * workers again.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import type { Closeable } from '../../base/closeable.ts';
import type { FunctionName, VersionNumber } from '../../base/ids.ts';
import type { QuarantinedFunction } from '../../invoke/function-quarantine.ts';
import type { RouteSnapshot } from '../../registry/model.ts';
import { replaceFile } from '../../storage/replace-file.ts';
import { errnoOf, toStorageError } from '../../storage/storage-error.ts';
import { Blame } from './blame.ts';
import type { StuckReport } from './stuck-report.ts';

/** The file, in the data directory. */
export const BLAME_FILE = 'quarantine.json';
/** Most bytes that are read of it: 10,000 functions take 3 MB. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Most functions that it holds; of more, the later ones are forgotten by a restart. */
const MAX_FUNCTIONS = 10_000;

const fileSchema = z.strictObject({
  format: z.literal(1),
  functions: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
          .transform((name) => name as FunctionName),
        version: z
          .number()
          .int()
          .positive()
          .transform((number) => number as VersionNumber),
        versionCreatedMs: z.number(),
        reason: z.string().max(200),
        // What a date can show.
        sinceMs: z.number().int().min(0).max(8.64e15),
      }),
    )
    .max(MAX_FUNCTIONS),
});

/** Where a book tells what happens: a part of the host's log. */
export type BlameLog = Readonly<
  Record<'info' | 'warn' | 'error', (fields: object, text: string) => void>
>;

/** What a book works with. */
export interface BlameBookParts {
  readonly dataDirectory: string;
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs'>;
  readonly log: BlameLog;
  /** What is deployed when it opens. */
  readonly snapshot: RouteSnapshot;
  /** Told the whole list at each change, at once: who refuses requests must know. */
  readonly onChange: (quarantined: readonly QuarantinedFunction[]) => void;
}

/** Blame that is kept. */
export class BlameBook implements Closeable {
  readonly #parts: BlameBookParts;
  readonly #path: string;
  readonly #blame: Blame;
  /** The last write; writes are one after the other. */
  #written: Promise<void> = Promise.resolve();

  private constructor(parts: BlameBookParts, path: string, blame: Blame) {
    this.#parts = parts;
    this.#path = path;
    this.#blame = blame;
  }

  /** Reads the file. Never fails for what is in it. */
  static async open(parts: BlameBookParts): Promise<BlameBook> {
    const path = join(parts.dataDirectory, BLAME_FILE);
    const kept = await loadFile(path, parts.log);
    const book = new BlameBook(parts, path, new Blame(parts.clock, kept));
    book.follow(parts.snapshot);
    return book;
  }

  /** What is in quarantine. */
  get quarantined(): readonly QuarantinedFunction[] {
    return this.#blame.quarantined;
  }

  /** Why a function is in quarantine; undefined if it is not. */
  get(name: FunctionName): QuarantinedFunction | undefined {
    return this.#blame.get(name);
  }

  /** A watchdog has reported. Called once for each worker that ends so: whoever calls it sees to that. */
  report({ worker, pid, function: name, stuckMs }: StuckReport): void {
    const { log } = this.#parts;
    const verdict = name === null ? 'nobody' : this.#blame.strike(name);
    log.error({ worker, pid, function: name, stuckMs, verdict }, 'a worker did not answer');
    if (verdict !== 'quarantined') return;
    log.error({ function: name }, 'a function is in quarantine');
    this.#changed();
  }

  /**
   * Ends a function's quarantine, and forgets what else was against it.
   *
   * @param by Id of the token of whoever asked.
   * @returns Whether it was in quarantine. Resolves when that will not come back with a restart.
   * @throws {storage_full} And other storage errors, if it would come back: it is lifted until then.
   */
  async lift(name: FunctionName, by: string): Promise<boolean> {
    if (!this.#blame.lift(name)) return false;
    this.#parts.log.info({ function: name, by }, 'a function is out of quarantine');
    this.#parts.onChange(this.quarantined);
    await this.#save();
    return true;
  }

  /** Takes note of what is deployed: a new live version begins without blame, and a deleted function is forgotten. */
  follow(snapshot: RouteSnapshot): void {
    const lifted = this.#blame.follow(snapshot);
    if (lifted.length === 0) return;
    for (const name of lifted) {
      this.#parts.log.info({ function: name, by: 'deploy' }, 'a function is out of quarantine');
    }
    this.#changed();
  }

  /** Waits until everything is written. */
  async close(): Promise<void> {
    await this.#written.catch(() => undefined);
  }

  #changed(): void {
    this.#parts.onChange(this.quarantined);
    this.#save().catch((error: unknown) =>
      this.#parts.log.error({ err: error }, 'cannot keep the list of functions in quarantine'),
    );
  }

  #save(): Promise<void> {
    const write = async (): Promise<void> => {
      // What stands now: a write that waited for another one brings what is newest.
      const functions = this.quarantined.slice(0, MAX_FUNCTIONS);
      try {
        await replaceFile(this.#path, JSON.stringify({ format: 1, functions }));
      } catch (error) {
        throw toStorageError(error, 'store', BLAME_FILE);
      }
    };
    this.#written = this.#written.then(write, write);
    return this.#written;
  }
}

async function loadFile(path: string, log: BlameLog): Promise<readonly QuarantinedFunction[]> {
  try {
    return fileSchema.parse(JSON.parse(await readBounded(path))).functions;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    log.warn({ err: error, file: path }, 'the list of functions in quarantine is damaged: none is');
    return [];
  }
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new RangeError(`${size} bytes are too many`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
