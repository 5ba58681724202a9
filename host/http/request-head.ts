/**
 * A request's first line and fields → what a function sees of them: fields of the connection are taken out, what
 * clients may not claim is taken out, names become lower case. A first pass over the parser's flat list reads what the
 * host itself must know and refuses what no client may send; the function's list is made when it is asked for.
 */
import { HostError } from '../base/errors.ts';
import { requestIdFrom, type RequestId } from '../base/ids.ts';
import type { Field } from '../wasi/ports.ts';
import { identifyClient, type ClientIdentity } from './client-identity.ts';
import type { FieldNames, FieldRole } from './field-names.ts';
import { fieldOf } from './fields.ts';
import type { RequestMessage } from './message.ts';
import type { Peer } from './peer.ts';
import type { ProxyTrust } from './proxy-trust.ts';
import { checkAuthority, parseRequestTarget } from './request-target.ts';
import { isTraceparent } from './trace-context.ts';

/** What heads are read with. */
export interface HeadParts {
  readonly names: FieldNames;
  readonly trust: ProxyTrust;
}

const HTTP_FIELD: Field = fieldOf('x-forwarded-proto', 'http');
const HTTPS_FIELD: Field = fieldOf('x-forwarded-proto', 'https');

/** A request without its body. */
export class RequestHead {
  readonly #raw: readonly string[];
  readonly #isOld: boolean;
  readonly #peer: Peer;
  readonly #names: FieldNames;
  #target = '';
  #host: string | undefined;
  #requestId: RequestId | undefined;
  #client: Pick<ClientIdentity, 'address' | 'scheme'> & Partial<ClientIdentity>;
  #hasBody = false;
  #connection: string | undefined;
  #upgrade: string | undefined;
  #expect: string | undefined;
  #clientRequestId: string | undefined;
  #traceparent: string | undefined;
  #tracestate: string | undefined;
  #forwarded: string | undefined;
  #forwardedFor: string | undefined;
  #forwardedProto: string | undefined;
  #forwardedHost: string | undefined;
  #forwardedPrefix: string | undefined;

  /**
   * Reads the head of a request.
   *
   * @param request From Node's parser, or a stream of HTTP/2.
   * @param target Its target as sent.
   * @param peer Who sent it.
   * @param parts Names of fields, and whose forwarded fields count.
   * @throws {malformed_request} If `Host` is missing, doubled or no host, or the target is malformed.
   * @throws {unknown_expectation} If it expects anything but "100-continue".
   * @throws {unknown_transfer_coding} If its body is coded in any way but chunked.
   * @throws {upgrade_refused} If it asks for another protocol, cleartext HTTP/2 apart, which is optional.
   */
  constructor(request: RequestMessage, target: string, peer: Peer, { names, trust }: HeadParts) {
    this.#raw = request.rawHeaders;
    this.#isOld = request.httpVersion === '1.0';
    this.#peer = peer;
    this.#names = names;
    this.#client = peer;
    this.#hasBody = request.hasOpenBody === true;
    for (let index = 0; index < this.#raw.length; index += 2) {
      const { role } = names.get(this.#raw[index] ?? '');
      if (role !== 'plain' && role !== 'dropped') this.#note(role, this.#raw[index + 1] ?? '');
    }
    if (this.#upgrade !== undefined) this.#checkUpgrade(this.#upgrade);
    this.#readTarget(target, request.method ?? '');
    if (this.#expect !== undefined) this.#checkExpectation(this.#expect);
    if (peer.isTrusted) this.#identify(trust);
  }

  /** Host and port that the request is for; undefined if it names none. */
  get authority(): string | undefined {
    return this.#host === '' ? undefined : this.#host;
  }

  get scheme(): 'http' | 'https' {
    return this.#client.scheme;
  }

  /** Path and query as sent, or `*`. */
  get target(): string {
    return this.#target;
  }

  get clientAddress(): string {
    return this.#client.address;
  }

  /** The client's if it has a usable one, else a new one. */
  get requestId(): RequestId {
    return (this.#requestId ??= requestIdFrom(this.#clientRequestId));
  }

  get hasBody(): boolean {
    return this.#hasBody;
  }

  /** Whether the client waits for "100 Continue". HTTP/1.0 knows no expectations. */
  get expectsContinue(): boolean {
    return this.#expect !== undefined && !this.#isOld && this.#hasBody;
  }

  /** `x-forwarded-prefix` of a trusted proxy, or empty. */
  get outerPrefix(): string {
    return this.#peer.isTrusted ? (this.#forwardedPrefix ?? '') : '';
  }

  /**
   * Makes the fields that the function sees.
   *
   * @param prefix Part of the path that was taken off before it came to the function, or empty.
   */
  fields(prefix: string): readonly Field[] {
    const fields = this.#passedOn();
    if (this.authority !== undefined) fields.push(fieldOf('host', this.authority));
    if (this.#connection !== undefined) removeNamed(fields, this.#connection);
    fields.push(fieldOf('x-request-id', this.requestId));
    if (this.#traceparent !== undefined) this.#addTrace(fields, this.#traceparent);
    this.#addIdentity(fields);
    if (prefix !== '') fields.push(fieldOf('x-forwarded-prefix', prefix));
    return fields;
  }

  #note(role: FieldRole, value: string): void {
    switch (role) {
      case 'host':
        if (this.#host !== undefined) throw malformed('it has more than one Host field');
        this.#host = value;
        break;
      case 'content-length':
        this.#hasBody = value !== '0';
        break;
      case 'transfer-encoding':
        // The parser takes the chunks off; what else the body is coded in nobody would take off.
        if (value.toLowerCase() !== 'chunked') {
          throw new HostError('unknown_transfer_coding', { value: value.slice(0, 80) });
        }
        this.#hasBody = true;
        break;
      case 'connection':
        this.#connection = joined(this.#connection, value);
        break;
      case 'upgrade':
        this.#upgrade = joined(this.#upgrade, value);
        break;
      case 'expect':
        this.#expect = value;
        break;
      case 'x-request-id':
        this.#clientRequestId ??= value;
        break;
      case 'traceparent':
        this.#traceparent = joined(this.#traceparent, value);
        break;
      case 'tracestate':
        this.#tracestate = joined(this.#tracestate, value);
        break;
      case 'forwarded':
        this.#forwarded = joined(this.#forwarded, value);
        break;
      case 'x-forwarded-for':
        this.#forwardedFor = joined(this.#forwardedFor, value);
        break;
      case 'x-forwarded-proto':
        this.#forwardedProto = joined(this.#forwardedProto, value);
        break;
      case 'x-forwarded-host':
        this.#forwardedHost = joined(this.#forwardedHost, value);
        break;
      case 'x-forwarded-prefix':
        this.#forwardedPrefix = value;
        break;
      case 'plain':
      case 'dropped':
      case 'claim':
    }
  }

  /** Takes path and authority apart; the authority of the target goes before `Host`. */
  #readTarget(target: string, method: string): void {
    const { authority, path } = parseRequestTarget(target, method);
    if (this.#host === undefined && !this.#isOld) throw malformed('it has no Host field');
    this.#host = authority ?? this.#host ?? '';
    this.#target = path;
    checkAuthority(this.#host);
  }

  #checkUpgrade(upgrade: string): void {
    const isAsked = hasToken(this.#connection ?? '', 'upgrade');
    // A client that offers cleartext HTTP/2 is content with HTTP/1.1.
    if (isAsked && !hasToken(upgrade, 'h2c')) {
      throw new HostError('upgrade_refused', { protocol: upgrade.slice(0, 80) });
    }
  }

  #checkExpectation(expect: string): void {
    if (this.#isOld || expect.toLowerCase() === '100-continue') return;
    throw new HostError('unknown_expectation', { value: expect.slice(0, 80) });
  }

  #identify(trust: ProxyTrust): void {
    const claims = {
      forwardedFor: this.#forwardedFor,
      forwarded: this.#forwarded,
      proto: this.#forwardedProto,
    };
    this.#client = identifyClient(this.#peer, claims, trust);
  }

  #passedOn(): Field[] {
    const fields: Field[] = [];
    for (let index = 0; index < this.#raw.length; index += 2) {
      const { name, role } = this.#names.get(this.#raw[index] ?? '');
      const isPassedOn =
        role === 'plain' || role === 'content-length' || (role === 'claim' && this.#peer.isTrusted);
      if (isPassedOn) fields.push(fieldOf(name, this.#raw[index + 1] ?? ''));
    }
    return fields;
  }

  #addTrace(fields: Field[], traceparent: string): void {
    if (!isTraceparent(traceparent)) return;
    fields.push(fieldOf('traceparent', traceparent));
    if (this.#tracestate !== undefined) fields.push(fieldOf('tracestate', this.#tracestate));
  }

  #addIdentity(fields: Field[]): void {
    const { forwardedFor, scheme } = this.#client;
    const isTrusted = forwardedFor !== undefined;
    fields.push(
      isTrusted ? fieldOf('x-forwarded-for', forwardedFor) : this.#peer.field,
      scheme === 'http' ? HTTP_FIELD : HTTPS_FIELD,
    );
    const host = (isTrusted ? this.#forwardedHost : undefined) ?? this.#host ?? '';
    if (host !== '') fields.push(fieldOf('x-forwarded-host', host));
  }
}

/** Takes out the fields that `Connection` names. */
function removeNamed(fields: Field[], connection: string): void {
  const value = connection.toLowerCase();
  if (value === 'keep-alive' || value === 'close') return;
  const named = new Set(value.split(',').map((token) => token.trim()));
  let kept = 0;
  for (const field of fields) {
    // Without these a function could not read its request.
    const isNeeded = field[0] === 'host' || field[0] === 'content-length';
    if (isNeeded || !named.has(field[0])) fields[kept++] = field;
  }
  fields.length = kept;
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
