/** Errors of undici, Node and OpenSSL → the cases of `wasi:http` `error-code`. */
import { errors } from 'undici';
import { HttpFailure } from '../../wasi/ports.ts';

type ErrorCode = HttpFailure['errorCode'];

const dnsError = (rcode: string): ErrorCode => ({
  tag: 'DNS-error',
  val: { rcode, infoCode: undefined },
});

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOTFOUND: dnsError('NXDOMAIN'),
  ENODATA: dnsError('NODATA'),
  EAI_FAIL: dnsError('SERVFAIL'),
  EAI_AGAIN: { tag: 'DNS-timeout' },
  ECONNREFUSED: { tag: 'connection-refused' },
  ECONNRESET: { tag: 'connection-terminated' },
  ECONNABORTED: { tag: 'connection-terminated' },
  EPIPE: { tag: 'connection-terminated' },
  UND_ERR_SOCKET: { tag: 'connection-terminated' },
  ETIMEDOUT: { tag: 'connection-timeout' },
  UND_ERR_CONNECT_TIMEOUT: { tag: 'connection-timeout' },
  EHOSTUNREACH: { tag: 'destination-IP-unroutable' },
  ENETUNREACH: { tag: 'destination-IP-unroutable' },
  EADDRNOTAVAIL: { tag: 'destination-unavailable' },
  EMFILE: { tag: 'connection-limit-reached' },
  ENFILE: { tag: 'connection-limit-reached' },
  UND_ERR_HEADERS_OVERFLOW: { tag: 'HTTP-response-header-section-size', val: undefined },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { tag: 'HTTP-response-incomplete' },
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: { tag: 'HTTP-request-body-size', val: undefined },
  UND_ERR_INVALID_ARG: { tag: 'HTTP-request-URI-invalid' },
  UND_ERR_NOT_SUPPORTED: { tag: 'HTTP-protocol-error' },
  EPROTO: { tag: 'TLS-protocol-error' },
};
/** Codes that Node gives to a certificate it does not accept. */
const CERTIFICATE =
  /^(?:CERT_|CRL_|ERR_TLS_CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)/;

/**
 * Reads an error.
 *
 * @param responseBegun Whether the response's head was there: a lost connection then means half a response.
 * @returns A failure whose message names nothing of the host; `cause` keeps the error.
 */
export function toHttpFailure(error: unknown, responseBegun = false): HttpFailure {
  if (error instanceof HttpFailure) return error;
  const code = codeOf(error);
  const errorCode = errorCodeFor(code);
  const lost = responseBegun && errorCode.tag === 'connection-terminated';
  return new HttpFailure(lost ? { tag: 'HTTP-response-incomplete' } : errorCode, error);
}

function errorCodeFor(code: string): ErrorCode {
  const known = CODES[code];
  if (known !== undefined) return known;
  if (CERTIFICATE.test(code)) return { tag: 'TLS-certificate-error' };
  if (code.startsWith('HPE_')) return { tag: 'HTTP-protocol-error' };
  if (code.startsWith('EAI_')) return dnsError(code);
  const alert = /^ERR_SSL_.*ALERT_([A-Z_]+)$/.exec(code)?.[1];
  if (alert !== undefined) {
    const alertMessage = alert.toLowerCase().replaceAll('_', ' ');
    return { tag: 'TLS-alert-received', val: { alertId: undefined, alertMessage } };
  }
  if (/^ERR_(?:SSL|TLS)_/.test(code)) return { tag: 'TLS-protocol-error' };
  return { tag: 'internal-error', val: code === '' ? undefined : code };
}

/** A connection that was tried over several addresses fails with one error for each: the last one counts. */
function codeOf(error: unknown): string {
  // undici gives it no code of its own.
  if (error instanceof errors.HTTPParserError) return 'HPE_';
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors.at(-1));
  return '';
}
