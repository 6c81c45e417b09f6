/** Maps a client certificate to its caller, by the certificate's SAN URI or by the service's map of certificates. */
import type { X509Certificate } from 'node:crypto';
import { allPrivileges, type Caller } from '../../access/caller.ts';
import { HvqlError, messageOf, UsageError } from '../../errors.ts';
import { excerpt, isObject } from '../../lib/json.ts';
import { normalFingerprint } from '../../revocation/revocation-list.ts';
import { parsePartitionId } from '../../snapshot/object-name.ts';

/** Callers by the SHA-256 fingerprints of their certificates, as 64 lower-case hexadecimal digits. */
export type CertificateMap = ReadonlyMap<string, Caller>;

const form = 'hvql://partition/<id>';
const example = '{"<SHA-256 fingerprint>": {"partition": "5", "privileges": ["ACCESS_STATS"]}}';

/** The caller that a certificate proves. */
interface CertifiedCaller {
  readonly caller: Caller;
  /** When the certificate ends, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** In the form of the map's keys. */
  readonly fingerprint: string;
}

/**
 * Returns the caller of a certificate, or throws UNAUTHENTICATED. `problem` is OpenSSL's code for why the certificate does
 * not verify. The dates are compared with `now`, in milliseconds since 1970, because OpenSSL compares them only when the
 * connection or session begins.
 */
export function authenticateCertificate(
  { certificate, problem }: { readonly certificate: X509Certificate; readonly problem: string | null },
  { map, now }: { readonly map: CertificateMap; readonly now: number },
): CertifiedCaller {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (!(now < to)) throw refused(`expired at ${timeOf(to)}`);
  if (!(now >= from)) throw refused(`is not valid before ${timeOf(from)}`);
  if (problem !== null) throw refused(`does not verify: ${explain(problem)}`);
  const fingerprint = normalFingerprint(certificate.fingerprint256) ?? '';
  return { caller: callerOf(certificate, map.get(fingerprint)), expiresAt: to, fingerprint };
}

/** Whether a certificate still maps to this caller with the same privileges. Does not check its dates. */
export function isStill(
  caller: Caller,
  { certificate }: { readonly certificate: X509Certificate },
  map: CertificateMap,
): boolean {
  let now;
  try {
    now = callerOf(certificate, map.get(normalFingerprint(certificate.fingerprint256) ?? ''));
  } catch (thrown) {
    if (thrown instanceof HvqlError) return false;
    throw thrown;
  }
  const { partitionId, privileges } = now;
  return (
    partitionId === caller.partitionId &&
    allPrivileges.every((privilege) => privileges.has(privilege) === caller.privileges.has(privilege))
  );
}

function callerOf(certificate: X509Certificate, mapped: Caller | undefined): Caller {
  const named = partitionOf(certificate);
  if (named === null) {
    if (mapped !== undefined) return mapped;
    throw refused(
      `names no partition: expected one SAN URI ${form}, or its fingerprint in the service's map of certificates`,
    );
  }
  if (mapped === undefined) return { partitionId: named, privileges: new Set(allPrivileges) };
  if (mapped.partitionId === named) return mapped;
  throw refused(`names another partition than the service's map of certificates has for it`);
}

/** The partition that the certificate's SAN URI names, or null if it has no such URI. */
function partitionOf({ subjectAltName }: X509Certificate): bigint | null {
  const names = readAlternativeNames(subjectAltName ?? '');
  if (names === null) throw refused('has alternative names that cannot be read');
  const ids = names
    .filter(({ kind, value }) => kind === 'URI' && /^\s*hvql:/i.test(value))
    .map(({ value }) => {
      const id = parsePartitionId(/^hvql:\/\/partition\/(?<id>\d+)$/.exec(value)?.groups?.['id'] ?? '');
      if (id === null) throw refused(`has a SAN URI that names no partition: expected ${form}`);
      return id;
    });
  if (new Set(ids).size > 1) throw refused(`names several partitions: expected one SAN URI ${form}`);
  return ids[0] ?? null;
}

/**
 * Parses Node's `subjectAltName`, such as "DNS:a.example, URI:urn:x". Returns null if it has another form. A name with a
 * comma is a JSON string, so splitting at commas would find names that no authority has signed (CVE-2021-44532).
 */
export function readAlternativeNames(text: string): readonly { kind: string; value: string }[] | null {
  const names: { kind: string; value: string }[] = [];
  // Sticky, because each name begins exactly where the previous one ends.
  const form = /(?<kind>[A-Za-z ]+):(?:(?<quoted>"(?:[^"\\]|\\.)*")|(?<plain>[^",\\]*))(?:, |$)/y;
  while (form.lastIndex < text.length) {
    const { kind, quoted, plain = '' } = form.exec(text)?.groups ?? {};
    if (kind === undefined) return null;
    try {
      names.push({ kind, value: quoted === undefined ? plain : (JSON.parse(quoted) as string) });
    } catch {
      return null;
    }
  }
  return names;
}

/**
 * Parses a map of certificates, which has the form of `example`. Fingerprints may have the colons that openssl prints. An
 * entry without `privileges` has all of them. Throws a UsageError that lists all problems; `place` names the file.
 */
export function parseCertificateMap(text: string, place: string): CertificateMap {
  const problems: string[] = [];
  const map = new Map<string, Caller>();
  for (const [key, entry] of Object.entries(parseObject(text, place))) {
    const at = `${place}: ${show(key)}`;
    const fingerprint = normalFingerprint(key);
    if (fingerprint === null) problems.push(`${at} is no SHA-256 fingerprint: expected 64 hex digits.`);
    else if (map.has(fingerprint)) problems.push(`${at} is there twice, in two spellings.`);
    const { caller, problems: more } = readEntry(entry, at);
    problems.push(...more);
    if (fingerprint !== null) map.set(fingerprint, caller);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return map;
}

function parseObject(text: string, place: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new UsageError([`${place} is not valid JSON: ${messageOf(thrown)}.`]);
  }
  if (isObject(value)) return value;
  throw new UsageError([`${place} needs to be a JSON object such as ${example}.`]);
}

function readEntry(entry: unknown, at: string): { caller: Caller; problems: readonly string[] } {
  const noCaller = { partitionId: 0n, privileges: new Set<never>() };
  if (!isObject(entry)) return { caller: noCaller, problems: [`${at} needs an object, as in ${example}.`] };
  const { partition, privileges = allPrivileges, ...others } = entry;
  const problems = Object.keys(others).map((name) => `${at} has ${show(name)}, which is not known.`);
  const partitionId = typeof partition === 'string' ? parsePartitionId(partition) : null;
  if (partitionId === null)
    problems.push(
      `${at}: partition needs a partition id as a decimal string, such as "5", but is ${show(partition)}.`,
    );
  const names: readonly unknown[] = Array.isArray(privileges) ? privileges : [];
  const known = allPrivileges.filter((privilege) => names.includes(privilege));
  const wrong = Array.isArray(privileges)
    ? names.filter((name) => !known.some((privilege) => privilege === name))
    : [privileges];
  const needed = `an array of ${allPrivileges.join(' and ')}`;
  for (const name of wrong) problems.push(`${at}: privileges needs ${needed}, but has ${show(name)}.`);
  return { caller: { partitionId: partitionId ?? 0n, privileges: new Set(known) }, problems };
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : excerpt(JSON.stringify(value), 80);
}

/** Explains the most frequent of OpenSSL's codes. */
function explain(problem: string): string {
  switch (problem) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `the service does not trust its issuer (${problem})`;
    case 'INVALID_PURPOSE':
      return `it is not for clients (${problem})`;
    case 'CERT_REVOKED':
      return `its issuer has revoked it (${problem})`;
    case 'UNABLE_TO_GET_CRL':
      return `the service has no list of revoked certificates (--tls-crl) of one of its issuers (${problem})`;
    case 'CRL_HAS_EXPIRED':
    case 'CRL_NOT_YET_VALID':
      return `the service's list of revoked certificates (--tls-crl) is not valid now (${problem})`;
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
