/**
 * Which function a request is for: an immutable look-up, built anew from every route snapshot.
 *
 * In this order, the first that matches wins:
 * 1. explicit routes of a host: the exact host, then `*.example.com` (the longest); within a host the
 *    longest path. The path stays as it is. `/v1/*` matches `/v1/` and all below, not `/v1`.
 * 2. `NAME.<domain>`: the function NAME, path as it is. A host of that form whose NAME is not deployed
 *    matches nothing: the origin of one function never serves another.
 * 3. explicit routes of any host (`*`), the longest path.
 * 4. `/NAME` and `/NAME/…` on any other host: the function NAME with the prefix removed.
 *
 * Paths are matched as they were sent: nothing is decoded, `//`, `.` and `..` mean nothing, so `/%61pp/` is
 * not `/app/`, and `/app/../b/` is a path of `app`. A function can reach nothing through its path, so
 * there is nothing to normalise against. The query plays no part.
 */
import type { FunctionRecord, RouteSnapshot } from '../registry/model.ts';
import { hostNameOf } from './request-host.ts';
import { RouteTable } from './route-table.ts';

/** Longest name of a host in the domain name system; longer ones are matched by no wildcard. */
const LONGEST_HOST = 253;

/** A function, and the path as it sees it. */
export interface ResolvedRequest {
  readonly record: FunctionRecord;
  /** What was removed from the path: `/app`, or empty. */
  readonly pathPrefix: string;
  /** Path and query for the function; starts with `/`. */
  readonly path: string;
}

/** Finds the function of a request. */
export class Router {
  readonly #functions: ReadonlyMap<string, FunctionRecord>;
  readonly #exactHosts = new Map<string, RouteTable>();
  /** By what follows the `*`: `.example.com`. */
  readonly #wildcardHosts = new Map<string, RouteTable>();
  readonly #anyHost = new RouteTable();
  readonly #hasAnyHost: boolean;
  readonly #domainSuffix: string;

  /**
   * @param snapshot What is deployed.
   * @param domain Functions answer at `NAME.<domain>`.
   */
  constructor(snapshot: RouteSnapshot, domain: string) {
    this.#functions = snapshot.functions;
    this.#domainSuffix = `.${domain.toLowerCase()}`;
    let hasAnyHost = false;
    for (const record of snapshot.functions.values()) {
      for (const route of record.routes) {
        hasAnyHost ||= route.host === '*';
        this.#tableOf(route.host).add(route.path, record);
      }
    }
    this.#hasAnyHost = hasAnyHost;
  }

  /**
   * Finds the function of a request. Takes time by the length of host and path alone, and allocates the
   * result and the few short strings it looks up.
   *
   * @param authority The `Host` field as it was sent; empty if there was none.
   * @param target Path and query as they were sent; starts with `/`.
   */
  resolve(authority: string, target: string): ResolvedRequest | undefined {
    const query = target.indexOf('?');
    const end = query === -1 ? target.length : query;
    const host = hostNameOf(authority);
    const record = this.#findHost(host, target, end);
    if (record === 'none') return undefined;
    if (record === undefined) return this.#resolvePrefix(target, end);
    return { record, pathPrefix: '', path: target };
  }

  /**
   * The name of the function that a request is for, deployed or not, to tell its sender what is missing.
   *
   * @returns Undefined if it names none.
   */
  nameIn(authority: string, target: string): string | undefined {
    const label = this.#functionLabelOf(hostNameOf(authority));
    if (label !== undefined) return label;
    const segment = target.slice(1).split(/[/?]/, 1)[0];
    return segment === '' ? undefined : segment;
  }

  /** Steps 1 to 3: a function, `none` if the host is that of one which is not there, else undefined. */
  #findHost(host: string, target: string, end: number): FunctionRecord | 'none' | undefined {
    const routed =
      (this.#exactHosts.size === 0 ? undefined : this.#exactHosts.get(host)?.find(target, end)) ??
      (this.#wildcardHosts.size === 0 ? undefined : this.#findWildcard(host, target, end));
    if (routed !== undefined) return routed;
    const label = this.#functionLabelOf(host);
    if (label !== undefined) return this.#functions.get(label) ?? 'none';
    return this.#hasAnyHost ? this.#anyHost.find(target, end) : undefined;
  }

  #findWildcard(host: string, target: string, end: number): FunctionRecord | undefined {
    if (host.length > LONGEST_HOST) return undefined;
    // From 1: something must stand for the star.
    for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const found = this.#wildcardHosts.get(host.slice(dot))?.find(target, end);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The one label before the domain, or undefined if the host is not of that form. */
  #functionLabelOf(host: string): string | undefined {
    if (!host.endsWith(this.#domainSuffix)) return undefined;
    const end = host.length - this.#domainSuffix.length;
    const dot = host.indexOf('.');
    return end === 0 || dot !== end ? undefined : host.slice(0, end);
  }

  #resolvePrefix(target: string, end: number): ResolvedRequest | undefined {
    const slash = target.indexOf('/', 1);
    const stop = slash === -1 || slash > end ? end : slash;
    const record = this.#functions.get(target.slice(1, stop));
    if (record === undefined) return undefined;
    const path = stop === end ? `/${target.slice(end)}` : target.slice(stop);
    return { record, pathPrefix: target.slice(0, stop), path };
  }

  #tableOf(host: string): RouteTable {
    if (host === '*') return this.#anyHost;
    const tables = host.startsWith('*.') ? this.#wildcardHosts : this.#exactHosts;
    const key = host.startsWith('*.') ? host.slice(1) : host;
    let table = tables.get(key);
    if (table === undefined) {
      table = new RouteTable();
      tables.set(key, table);
    }
    return table;
  }
}
