/**
 * Whether a client certificate that was verified in the handshake would be verified again. OpenSSL checks chains and CRLs
 * in the handshake only; later this compares the verified chain with the current issuers and CRLs.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import { derElement, derElements, derTags, type DerElement } from './der.ts';

/** The current issuers and CRLs of client certificates. */
export interface CertificateTrust {
  readonly issuers: readonly X509Certificate[];
  /** The entries of the CRLs: issuer and serial number, as `entryOf` writes them. */
  readonly revoked: ReadonlySet<string>;
  /** Equal for equal issuers and entries. */
  readonly digest: string;
}

/** The trust of these issuers and CRLs. */
export function certificateTrust(
  issuers: readonly X509Certificate[],
  lists: readonly CertificateRevocationList[],
): CertificateTrust {
  const revoked = new Set(lists.flatMap(({ entries }) => entries));
  const digest = createHash('sha256');
  for (const part of issuers.map(({ fingerprint256 }) => fingerprint256).sort()) digest.update(`${part}\n`);
  for (const entry of [...revoked].sort()) digest.update(`${entry}\n`);
  return { issuers, revoked, digest: digest.digest('base64') };
}

/**
 * Why a certificate would not be verified again, without a full stop; null if it would. Intermediate certificates are
 * those that Node returns of the handshake. It has none of a resumed session, and 24.21.0 has none at all on a server
 * (its issue 65579). A client with intermediate certificates then has to connect again.
 */
export function trustProblem(
  certificate: X509Certificate,
  { issuers, revoked }: CertificateTrust,
): string | null {
  const path = pathOf(certificate, issuers);
  if (path === null) return 'The issuer of the client certificate has been withdrawn';
  if (revoked.size === 0 || !path.some(({ raw }) => revoked.has(certificateEntry(raw)))) return null;
  return 'The client certificate has been revoked by its issuer';
}

/** More certificates than any chain has. */
const longestPath = 10;

/** The chain from this certificate to one that is trusted or that a trusted issuer has signed; null without one. */
function pathOf(
  certificate: X509Certificate,
  trusted: readonly X509Certificate[],
): readonly X509Certificate[] | null {
  const path: X509Certificate[] = [];
  for (let next = certificate; path.length < longestPath;) {
    path.push(next);
    const { fingerprint256 } = next;
    if (trusted.some((issuer) => issuer.fingerprint256 === fingerprint256 || isIssuedBy(next, issuer)))
      return path;
    const { issuerCertificate: issuer } = next;
    if (issuer?.ca !== true || !isIssuedBy(next, issuer)) return null;
    next = issuer;
  }
  return null;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The name of an issuer, in DER, and the serial number of one of its certificates. */
function entryOf(issuer: Buffer, serial: Buffer): string {
  return `${serial.toString('hex')} ${issuer.toString('base64')}`;
}

/** The parts of a certificate from its serial number on (RFC 5280, 4.1): number, algorithm, issuer, validity, subject. */
function partsOf(certificate: Buffer): readonly DerElement[] {
  const [body] = derElements(derElement(certificate).content);
  return [...derElements(body?.content ?? Buffer.alloc(0))].filter(({ tag }) => tag !== derTags.version);
}

/** As `entryOf` writes it. */
function certificateEntry(certificate: Buffer): string {
  const [serial, , issuer] = partsOf(certificate);
  return entryOf(issuer?.whole ?? Buffer.alloc(0), serial?.content ?? Buffer.alloc(0));
}

/** A certificate revocation list. */
export interface CertificateRevocationList {
  /** The issuer's name in DER, which RFC 5280, 5.1.2.3 and 4.1.2.6 have the same bytes as in its certificates. */
  readonly issuer: Buffer;
  readonly entries: readonly string[];
}

/** Reads a CRL in DER (RFC 5280, 5.1): version, algorithm, issuer, times, entries. Throws a RangeError for anything else. */
export function parseRevokedCertificates(der: Buffer): CertificateRevocationList {
  const [body] = derElements(derElement(der).content);
  if (body?.tag !== derTags.sequence) throw new RangeError('it has no list');
  const parts = [...derElements(body.content)].filter(({ tag }) => tag !== derTags.integer);
  const [, issuer, ...rest] = parts;
  if (issuer?.tag !== derTags.sequence) throw new RangeError('it has no issuer');
  const list = rest.find(({ tag }) => tag === derTags.sequence);
  const entries = list === undefined ? [] : [...entriesOf(list.content, issuer.whole)];
  return { issuer: issuer.whole, entries };
}

function* entriesOf(content: Buffer, issuer: Buffer): Generator<string, void> {
  for (const entry of derElements(content)) {
    const [serial] = derElements(entry.content);
    if (serial?.tag !== derTags.integer) throw new RangeError('an entry has no serial number');
    yield entryOf(issuer, serial.content);
  }
}

/** The subject's name of a certificate in DER. Throws a RangeError for anything else. */
export function subjectOf(certificate: Buffer): Buffer {
  const [, , , , subject] = partsOf(certificate);
  if (subject === undefined) throw new RangeError('the certificate has no subject');
  return subject.whole;
}
