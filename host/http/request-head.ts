/**
 * A request's first line and fields → what a function sees of them. One pass over the parser's flat list: fields
 * of the connection are taken out, what clients may not claim is taken out, names become lower case.
 */
import type { IncomingMessage } from 'node:http';
import { HostError } from '../base/errors.ts';
import { requestIdFrom, type RequestId } from '../base/ids.ts';
import type { Field } from '../wasi/ports.ts';
import { identifyClient } from './client-identity.ts';
import { fieldOf, isConnectionField } from './fields.ts';
import type { ProxyTrust } from './proxy-trust.ts';
import { checkAuthority, parseRequestTarget } from './request-target.ts';
import { isTraceparent } from './trace-context.ts';

/** The other end of a connection; the same for all its requests. */
export interface Peer {
  readonly address: string;
  readonly isTrusted: boolean;
  /** `x-forwarded-for` with the address alone. */
  readonly field: Field;
}

/** A request without its body. */
export interface RequestHead {
  readonly authority: string | undefined;
  readonly scheme: 'http' | 'https';
  /** Path and query as sent, or `*`. */
  readonly target: string;
  /** For the function; the way in may still add to them. */
  readonly fields: Field[];
  readonly clientAddress: string;
  readonly requestId: RequestId;
  readonly hasBody: boolean;
  /** The client waits for "100 Continue". */
  readonly expectsContinue: boolean;
  /** `x-forwarded-prefix` of a trusted proxy, or empty. */
  readonly outerPrefix: string;
}

const HTTP_FIELD: Field = fieldOf('x-forwarded-proto', 'http');

/**
 * Reads the head of a request.
 *
 * @param request From Node's parser.
 * @param target Its target as sent.
 * @param peer Who sent it.
 * @param trust Whose forwarded fields count.
 * @throws {malformed_request} If `Host` is missing, doubled or no host, or the target is malformed.
 * @throws {unknown_expectation} If it expects anything but "100-continue".
 * @throws {unknown_transfer_coding} If its body is coded in any way but chunked.
 * @throws {upgrade_refused} If it asks for another protocol, cleartext HTTP/2 apart, which is optional.
 */
export function readRequestHead(
  request: IncomingMessage,
  target: string,
  peer: Peer,
  trust: ProxyTrust,
): RequestHead {
  return new HeadReader(request, peer).read(target, trust);
}

/** What was met on the pass over the fields. */
class HeadReader {
  readonly #request: IncomingMessage;
  readonly #peer: Peer;
  readonly #fields: Field[] = [];
  #host: string | undefined;
  #connection: string | undefined;
  #upgrade: string | undefined;
  #expect: string | undefined;
  #requestId: string | undefined;
  #traceparent: string | undefined;
  #tracestate: string | undefined;
  #forwarded: string | undefined;
  #forwardedFor: string | undefined;
  #forwardedProto: string | undefined;
  #forwardedHost: string | undefined;
  #forwardedPrefix: string | undefined;
  #hasBody = false;

  constructor(request: IncomingMessage, peer: Peer) {
    this.#request = request;
    this.#peer = peer;
  }

  read(rawTarget: string, trust: ProxyTrust): RequestHead {
    const raw = this.#request.rawHeaders;
    for (let index = 0; index < raw.length; index += 2) {
      this.#readField((raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '');
    }
    if (this.#upgrade !== undefined) this.#checkUpgrade(this.#upgrade);
    const { authority: targetHost, path } = parseRequestTarget(
      rawTarget,
      this.#request.method ?? '',
    );
    const host = this.#checkHost(targetHost);
    if (this.#connection !== undefined) this.#removeNamed(this.#connection);
    const requestId = requestIdFrom(this.#requestId);
    this.#fields.push(fieldOf('x-request-id', requestId));
    if (this.#traceparent !== undefined) this.#addTrace(this.#traceparent);
    const { address, scheme } = this.#addIdentity(host, trust);
    return {
      authority: host === '' ? undefined : host,
      scheme,
      target: path,
      fields: this.#fields,
      clientAddress: address,
      requestId,
      hasBody: this.#hasBody,
      expectsContinue: this.#expectsContinue(),
      outerPrefix: this.#peer.isTrusted ? (this.#forwardedPrefix ?? '') : '',
    };
  }

  #readField(name: string, value: string): void {
    switch (name) {
      case 'host':
        if (this.#host !== undefined) throw malformed('it has more than one Host field');
        this.#host = value;
        return;
      case 'content-length':
        this.#hasBody = value !== '0';
        break;
      case 'transfer-encoding':
        // The parser takes the chunks off; what else the body is coded in nobody would take off.
        if (value.toLowerCase() !== 'chunked') {
          throw new HostError('unknown_transfer_coding', { value: value.slice(0, 80) });
        }
        this.#hasBody = true;
        return;
      case 'connection':
        this.#connection = joined(this.#connection, value);
        return;
      case 'upgrade':
        this.#upgrade = joined(this.#upgrade, value);
        return;
      case 'expect':
        this.#expect = value;
        return;
      case 'x-request-id':
        this.#requestId ??= value;
        return;
      case 'traceparent':
        this.#traceparent = joined(this.#traceparent, value);
        return;
      case 'tracestate':
        this.#tracestate = joined(this.#tracestate, value);
        return;
      case 'forwarded':
        this.#forwarded = joined(this.#forwarded, value);
        return;
      case 'x-forwarded-for':
        this.#forwardedFor = joined(this.#forwardedFor, value);
        return;
      case 'x-forwarded-proto':
        this.#forwardedProto = joined(this.#forwardedProto, value);
        return;
      case 'x-forwarded-host':
        this.#forwardedHost = joined(this.#forwardedHost, value);
        return;
      case 'x-forwarded-prefix':
        this.#forwardedPrefix = value;
        return;
      case 'x-real-ip':
        return;
      default:
        if (isConnectionField(name)) return;
        if (!this.#peer.isTrusted && name.startsWith('x-forwarded-')) return;
    }
    this.#fields.push(fieldOf(name, value));
  }

  /** Picks the authority (that of the target goes before `Host`), and gives it as field `host`. */
  #checkHost(targetHost: string | undefined): string {
    if (this.#host === undefined && this.#request.httpVersion !== '1.0') {
      throw malformed('it has no Host field');
    }
    const host = targetHost ?? this.#host ?? '';
    checkAuthority(host);
    if (host !== '') this.#fields.push(fieldOf('host', host));
    return host;
  }

  #checkUpgrade(upgrade: string): void {
    const isAsked = hasToken(this.#connection ?? '', 'upgrade');
    // A client that offers cleartext HTTP/2 is content with HTTP/1.1.
    if (isAsked && !hasToken(upgrade, 'h2c')) {
      throw new HostError('upgrade_refused', { protocol: upgrade.slice(0, 80) });
    }
  }

  #expectsContinue(): boolean {
    // HTTP/1.0 knows no expectations.
    if (this.#expect === undefined || this.#request.httpVersion === '1.0') return false;
    if (this.#expect.toLowerCase() === '100-continue') return this.#hasBody;
    throw new HostError('unknown_expectation', { value: this.#expect.slice(0, 80) });
  }

  /** Takes out the fields that `Connection` names. */
  #removeNamed(connection: string): void {
    const value = connection.toLowerCase();
    if (value === 'keep-alive' || value === 'close') return;
    const named = new Set(value.split(',').map((token) => token.trim()));
    let kept = 0;
    for (const field of this.#fields) {
      // Without these a function could not read its request.
      const isNeeded = field[0] === 'host' || field[0] === 'content-length';
      if (isNeeded || !named.has(field[0])) this.#fields[kept++] = field;
    }
    this.#fields.length = kept;
  }

  #addTrace(traceparent: string): void {
    if (!isTraceparent(traceparent)) return;
    this.#fields.push(fieldOf('traceparent', traceparent));
    if (this.#tracestate !== undefined) this.#fields.push(fieldOf('tracestate', this.#tracestate));
  }

  #addIdentity(host: string, trust: ProxyTrust): { address: string; scheme: 'http' | 'https' } {
    const { address, isTrusted, field } = this.#peer;
    if (!isTrusted) {
      this.#fields.push(field, HTTP_FIELD);
      if (host !== '') this.#fields.push(fieldOf('x-forwarded-host', host));
      return { address, scheme: 'http' };
    }
    const claims = {
      forwardedFor: this.#forwardedFor,
      forwarded: this.#forwarded,
      proto: this.#forwardedProto,
    };
    const client = identifyClient(address, claims, trust);
    this.#fields.push(
      fieldOf('x-forwarded-for', client.forwardedFor),
      fieldOf('x-forwarded-proto', client.scheme),
    );
    const forwardedHost = this.#forwardedHost ?? host;
    if (forwardedHost !== '') this.#fields.push(fieldOf('x-forwarded-host', forwardedHost));
    return client;
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

function hasToken(list: string, token: string): boolean {
  return list
    .toLowerCase()
    .split(',')
    .some((element) => element.trim() === token);
}

function malformed(reason: string): HostError {
  return new HostError('malformed_request', { reason });
}
