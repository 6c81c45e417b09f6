/** Who asks, by the certificate that a client has shown. */
import type { X509Certificate } from 'node:crypto';
import { allPrivileges, type Caller } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import { parsePartitionId } from '../../snapshot/partition-id.ts';
import { readAlternativeNames } from './alternative-name.ts';
import { normalFingerprint, type CertificateMap } from './certificate-map.ts';
import type { Identified } from './identity.ts';

/** A certificate as it was shown, and what there is to judge it by. */
export interface ShownCertificate {
  readonly certificate: X509Certificate;
  /** OpenSSL's word for why it does not verify, such as CERT_HAS_EXPIRED; null where it does. */
  readonly problem: string | null;
}

const form = 'hvql://partition/<id>';

/**
 * The caller that a certificate stands for: the partition of its SAN URI `hvql://partition/<id>`, or of the map. Throws
 * UNAUTHENTICATED, in words for whoever shows it. `now` is in milliseconds since 1970: a certificate is verified when
 * its connection, or the session that it resumes, begins, and may end while they last.
 */
export function identifyCertificate(
  { certificate, problem }: ShownCertificate,
  { map, now }: { readonly map: CertificateMap; readonly now: number },
): Identified {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (!(now < to)) throw refused(`expired at ${timeOf(to)}`);
  if (!(now >= from)) throw refused(`is not valid before ${timeOf(from)}`);
  if (problem !== null) throw refused(`does not verify: ${explain(problem)}`);
  return { caller: callerOf(certificate, map), by: 'certificate', expiresAt: to };
}

function callerOf(certificate: X509Certificate, map: CertificateMap): Caller {
  const named = namedPartition(certificate);
  const mapped = map.get(normalFingerprint(certificate.fingerprint256) ?? '');
  if (named === null) {
    if (mapped !== undefined) return mapped;
    throw refused(
      `names no partition: needed is one SAN URI ${form}, or its fingerprint in the service's map of certificates`,
    );
  }
  if (mapped === undefined) return { partitionId: named, privileges: new Set(allPrivileges) };
  if (mapped.partitionId === named) return mapped;
  throw refused(`names another partition than the service's map of certificates has for it`);
}

/** The partition that the certificate names itself; null where it names none. */
function namedPartition({ subjectAltName }: X509Certificate): bigint | null {
  const names = readAlternativeNames(subjectAltName ?? '');
  if (names === null) throw refused('has alternative names that cannot be read');
  const ids = names
    .filter(({ kind, value }) => kind === 'URI' && /^\s*hvql:/i.test(value))
    .map(({ value }) => {
      const id = parsePartitionId(/^hvql:\/\/partition\/(?<id>\d+)$/.exec(value)?.groups?.['id'] ?? '');
      if (id === null) throw refused(`has a SAN URI that names no partition: needed is ${form}`);
      return id;
    });
  if (new Set(ids).size > 1) throw refused(`names several partitions: needed is one SAN URI ${form}`);
  return ids[0] ?? null;
}

/** What OpenSSL's words mean that are met most. */
function explain(problem: string): string {
  switch (problem) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `its issuer is none that the service trusts (${problem})`;
    case 'INVALID_PURPOSE':
      return `it is not for clients (${problem})`;
    default:
      return problem;
  }
}

function timeOf(milliseconds: number): string {
  return Number.isNaN(milliseconds) ? 'a time that cannot be read' : new Date(milliseconds).toISOString();
}

function refused(problem: string): HvqlError {
  return new HvqlError('UNAUTHENTICATED', `The client certificate ${problem}.`);
}
