/** Self-signed certificates for tests, made by hand (X.509 in DER, RFC 5280), because a machine need not have openssl. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate for `localhost` and 127.0.0.1, and its key, both PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

const OIDS = {
  ecdsaWithSha256: '06082a8648ce3d040302',
  commonName: '0603550403',
  subjectAltName: '0603551d11',
  basicConstraints: '0603551d13',
};

/**
 * Makes a certificate of its own authority.
 *
 * @param name Its common name, by which a test tells one from another.
 * @param endMs When it ends; in a hundred years if nothing is said.
 */
export function createCertificate(name = 'test', endMs?: number): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(hex(OIDS.ecdsaWithSha256));
  const who = sequence(
    element(0x31, sequence(hex(OIDS.commonName), element(0x0c, Buffer.from(name)))),
  );
  const hundredYearsMs = 100 * 365 * 24 * 3600 * 1000;
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    who,
    sequence(time(Date.now() - 48 * 3600 * 1000), time(endMs ?? Date.now() + hundredYearsMs)),
    who,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(alternativeNames(), authority())),
  );
  const signature = sign('sha256', body, privateKey);
  const der = sequence(body, algorithm, element(0x03, Buffer.from([0]), signature));
  const lines = der
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')
    .trimEnd();
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function alternativeNames(): Buffer {
  const names = sequence(
    element(0x82, Buffer.from('localhost')),
    element(0x82, Buffer.from('*.localhost')),
    element(0x87, Buffer.from([127, 0, 0, 1])),
  );
  return sequence(hex(OIDS.subjectAltName), element(0x04, names));
}

function authority(): Buffer {
  const isAuthority = sequence(element(0x01, Buffer.from([0xff])));
  return sequence(hex(OIDS.basicConstraints), element(0x04, isAuthority));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return element(0x18, Buffer.from(text));
}

function sequence(...parts: Buffer[]): Buffer {
  return element(0x30, ...parts);
}

function element(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
