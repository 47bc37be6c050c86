/**
 * X.509 certificates made by the test that needs them: Node signs bytes but makes no certificates, and nothing but Node and npm may be needed.
 * Owns just enough DER for a test authority and the certificates it signs (RFC 5280, ECDSA P-256).
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface Certificate {
  /** PEM, both. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /** For this machine (as `localhost` and its addresses) when it is a server's, for nobody in particular when it is a client's. */
  issue(commonName: string): Certificate;
}

export function createAuthority(commonName: string): Authority {
  const pair = keyPair();
  const cert = certificate(commonName, pair.publicKey, commonName, pair.privateKey, [BASIC_CONSTRAINTS_CA]);
  return {
    cert,
    key: pemOf(pair.privateKey),
    issue: (subject) => {
      const own = keyPair();
      return {
        cert: certificate(subject, own.publicKey, commonName, pair.privateKey, [THIS_MACHINE]),
        key: pemOf(own.privateKey),
      };
    },
  };
}

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const integer = (bytes: Uint8Array): Buffer => der(0x02, bytes);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const octets = (...parts: readonly Uint8Array[]): Buffer => der(0x04, ...parts);
const text = (value: string): Buffer => der(0x0c, Buffer.from(value, 'utf8'));
const time = (value: string): Buffer => der(0x17, Buffer.from(value, 'ascii'));
const TRUE = der(0x01, Buffer.from([0xff]));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
/** Far apart enough for tests of any year. */
const VALIDITY = sequence(time('200101000000Z'), time('491231235959Z'));

const nameOf = (commonName: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, text(commonName))));

const BASIC_CONSTRAINTS_CA = sequence(oid('551d13'), TRUE, octets(sequence(TRUE)));
const THIS_MACHINE = sequence(
  oid('551d11'),
  octets(
    sequence(
      der(0x82, Buffer.from('localhost', 'ascii')),
      der(0x87, Buffer.from([127, 0, 0, 1])),
      der(0x87, Buffer.from([...Array<number>(15).fill(0), 1])),
    ),
  ),
);

function certificate(
  subject: string,
  publicKey: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  extensions: readonly Buffer[],
): string {
  const version3 = der(0xa0, integer(Buffer.from([2])));
  const serial = integer(Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const body = sequence(
    version3,
    serial,
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    VALIDITY,
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, issuerKey));
  const base64 = sequence(body, ECDSA_WITH_SHA256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
}
