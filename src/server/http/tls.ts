/** Reads and checks the TLS files. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { messageOf, UsageError } from '../../errors.ts';
import { withoutByteOrderMark } from '../../lib/json.ts';
import {
  certificateTrust,
  parseRevokedCertificates,
  subjectOf,
  type CertificateRevocationList,
} from '../../revocation/certificate-trust.ts';
import type { ClientCertificates } from '../auth/authenticator.ts';
import { parseCertificateMap } from '../auth/client-certificate.ts';
import type { TlsContext } from './http-server.ts';

/** The paths of the TLS files. */
export interface TlsSettings {
  /** The service's certificate, followed by intermediate ones. */
  readonly cert: string;
  readonly key: string;
  /** The CA certificates for client certificates; null if they are not used. */
  readonly clientCa: string | null;
  /** The map of client certificates to partitions; null if all of them name their partition. */
  readonly clientMap: string | null;
  /** The CRLs of all issuers of client certificates; null if revocation is not checked. */
  readonly crl?: string | null;
}

/** The contents of the TLS files. */
export interface Tls {
  readonly context: TlsContext;
  /** null if client certificates are not used. */
  readonly clients: ClientCertificates | null;
}

/**
 * Reads the files. Rejects with a UsageError with all problems. They contain the flags instead of the paths, because they
 * may be logged.
 */
export async function readTls(settings: TlsSettings): Promise<Tls> {
  const problems: string[] = [];
  const read = async <Value>(
    { flag, path }: { flag: string; path: string | null },
    parse: (text: string, flag: string) => Value,
  ): Promise<Value | null> => {
    if (path === null) return null;
    try {
      return parse(await readText(path, flag), flag);
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      problems.push(...thrown.problems);
      return null;
    }
  };
  const cert = await read({ flag: '--tls-cert', path: settings.cert }, readChain);
  const key = await read({ flag: '--tls-key', path: settings.key }, readKey);
  const ca = await read({ flag: '--tls-client-ca', path: settings.clientCa }, readChain);
  const map = await read({ flag: '--tls-client-map', path: settings.clientMap }, parseCertificateMap);
  const crls = await read({ flag: '--tls-crl', path: settings.crl ?? null }, readRevocationLists);
  if (ca !== null && crls !== null) problems.push(...missingLists(ca.certificates, crls));
  const [leaf] = cert?.certificates ?? [];
  if (key !== null && leaf?.checkPrivateKey(key.key) === false)
    problems.push('--tls-cert and --tls-key do not fit together: the certificate is for another key.');
  if (problems.length > 0 || cert === null || key === null) throw new UsageError(problems);
  const context = {
    cert: cert.text,
    key: key.text,
    ...(ca === null ? {} : { ca: ca.text }),
    // Node reads only one CRL from a text.
    ...(crls === null ? {} : { crl: crls.map(({ pem }) => pem) }),
  };
  try {
    // OpenSSL has more conditions, such as the length of keys.
    createSecureContext(context);
  } catch (thrown) {
    throw new UsageError([`OpenSSL cannot use --tls-cert and --tls-key: ${messageOf(thrown)}.`]);
  }
  if (ca === null) return { context, clients: null };
  const lists = (crls ?? []).map(({ list }) => list);
  const trust = certificateTrust(ca.certificates, lists);
  return { context, clients: { map: map ?? new Map(), trust } };
}

async function readText(path: string, flag: string): Promise<string> {
  try {
    return withoutByteOrderMark(await readFile(path, 'utf8'));
  } catch (thrown) {
    const reason = (thrown as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new UsageError([`${flag}: the file cannot be read (${reason}).`]);
  }
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, ignoring a private key in the same file. The first one is the leaf. */
function readChain(text: string, flag: string): { text: string; certificates: readonly X509Certificate[] } {
  const blocks = text.match(certificatePattern) ?? [];
  if (blocks.length === 0)
    throw new UsageError([`${flag}: the file has no certificate: expected PEM, "BEGIN CERTIFICATE".`]);
  const certificates = blocks.map((block, n) => {
    try {
      return new X509Certificate(block);
    } catch (thrown) {
      const which = `certificate ${n + 1} of the file`;
      throw new UsageError([`${flag}: ${which} cannot be read (${messageOf(thrown)}).`]);
    }
  });
  return { text: blocks.join('\n'), certificates };
}

interface RevocationListBlock {
  readonly pem: string;
  readonly list: CertificateRevocationList;
}

const crlPattern = /-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g;

function readRevocationLists(text: string, flag: string): readonly RevocationListBlock[] {
  const blocks = [...text.matchAll(crlPattern)];
  if (blocks.length === 0)
    throw new UsageError([`${flag}: the file has no list: expected PEM, "BEGIN X509 CRL".`]);
  return blocks.map(([pem, base64 = ''], n) => {
    try {
      const list = parseRevokedCertificates(Buffer.from(base64, 'base64'));
      // OpenSSL has more conditions.
      createSecureContext({ crl: pem });
      return { pem, list };
    } catch (thrown) {
      throw new UsageError([`${flag}: list ${n + 1} of the file cannot be read (${messageOf(thrown)}).`]);
    }
  });
}

/** OpenSSL rejects the certificates of an issuer that has no CRL. */
function missingLists(
  issuers: readonly X509Certificate[],
  lists: readonly RevocationListBlock[],
): readonly string[] {
  return issuers
    .filter(({ raw }) => !lists.some(({ list }) => list.issuer.equals(subjectOf(raw))))
    .map(({ subject }) => {
      const name = JSON.stringify(subject.replaceAll('\n', ', '));
      return `--tls-crl: the file has no list of ${name}, whose certificates --tls-client-ca trusts: each issuer needs one.`;
    });
}

function readKey(text: string, flag: string): { text: string; key: KeyObject } {
  const refuse = (problem: string): UsageError => new UsageError([`${flag}: the file ${problem}.`]);
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw refuse('contains an encrypted key, and the service cannot ask for its password: decrypt the key');
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw refuse('has no private key: expected PEM, "BEGIN PRIVATE KEY"');
  try {
    return { text, key: createPrivateKey(text) };
  } catch (thrown) {
    throw refuse(`has a private key that cannot be read (${messageOf(thrown)})`);
  }
}
