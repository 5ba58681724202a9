/** Debian's `prometheus` and `promtool`, as processes of a test: rules are checked, hosts scraped, queries answered. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { request } from 'undici';
import '../support/plain-spawn.ts';

const run = promisify(execFile);

/** Time that something may take which depends on events and not on a clock. */
const PATIENCE_MS = 60_000;

/** What a query gave: labels, and values by time. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** A rule as Prometheus has read and evaluated it. */
export interface RuleState {
  readonly name: string;
  readonly query: string;
  /** Seconds of `for`. */
  readonly duration: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly health: 'ok' | 'unknown' | 'err';
  readonly lastError?: string;
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly alerts: readonly {
    readonly state: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** Why there is no Prometheus here; undefined if there is one. */
export function prometheusObstacle(): string | undefined {
  const missing = ['prometheus', 'promtool'].filter((name) => !isOnPath(name));
  return missing.length === 0 ? undefined : `no ${missing.join(' and no ')} on the PATH`;
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs `promtool`. @returns What it says, and whether it is content. */
export async function promtool(
  ...args: readonly string[]
): Promise<{ readonly isGood: boolean; readonly output: string }> {
  try {
    const { stdout, stderr } = await run('promtool', args);
    return { isGood: true, output: stdout + stderr };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { isGood: false, output: stdout + stderr };
  }
}

/** A Prometheus that scrapes one host each second, and evaluates rules as often. */
export class PrometheusProcess {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  /**
   * Starts one, which is ended with the test.
   *
   * @param target Host and port of `/metrics`.
   * @param rules Text of a file of rules.
   */
  static async start(t: Test, target: string, rules: string): Promise<PrometheusProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'faas-prometheus-'));
    t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    await writeFile(join(folder, 'alerts.yaml'), rules);
    // JSON is YAML.
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: ['alerts.yaml'],
      scrape_configs: [{ job_name: 'faas', static_configs: [{ targets: [target] }] }],
    };
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const closed = once(child, 'close');
    t.teardown(async () => {
      child.kill('SIGKILL');
      await closed;
    });
    let log = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => reject(new Error(`prometheus ended: ${log}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        // The line before it names port 0, as it was asked for.
        const found = /msg="Listening on" address=(\S+:[1-9]\d*)/.exec(log)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const prometheus = new PrometheusProcess(`http://${address}`);
    await prometheus.until('it is ready', async () => {
      const { statusCode, body } = await request(`http://${address}/-/ready`);
      await body.dump();
      return statusCode === 200;
    });
    return prometheus;
  }

  /** Evaluates a query each second from a time on. @throws {Error} If Prometheus refuses it. */
  async range(query: string, startSeconds: number): Promise<readonly Series[]> {
    const end = String(Date.now() / 1000);
    const parameters = { query, start: String(startSeconds), end, step: '1' };
    return (await this.#get<{ result: Series[] }>('query_range', parameters)).result;
  }

  /** Evaluates a query now. @returns The values. */
  async values(query: string): Promise<readonly number[]> {
    interface Vector {
      readonly result: readonly { readonly value: readonly [number, string] }[];
    }
    return (await this.#get<Vector>('query', { query })).result.map(({ value }) =>
      Number(value[1]),
    );
  }

  /** Values that a label has in series. */
  async labelValues(label: string, selector: string): Promise<readonly string[]> {
    return this.#get<string[]>(`label/${label}/values`, { 'match[]': selector });
  }

  /** All rules, by name. */
  async rules(): Promise<ReadonlyMap<string, RuleState>> {
    const { groups } = await this.#get<{ groups: { rules: RuleState[] }[] }>('rules', {});
    return new Map(groups.flatMap(({ rules }) => rules.map((rule) => [rule.name, rule])));
  }

  /** Waits until something is so. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    while (!(await isSo())) {
      if (performance.now() > endMs) throw new Error(`it did not come to that: ${what}`);
      await delay(200);
    }
  }

  async #get<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const search = new URLSearchParams(parameters).toString();
    const { body } = await request(`${this.#url}/api/v1/${path}?${search}`);
    const answer = (await body.json()) as { status: string; data: T; error?: string };
    if (answer.status !== 'success') throw new Error(`${search}: ${answer.error}`);
    return answer.data;
  }
}
