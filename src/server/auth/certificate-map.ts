/** Which certificates stand for which partitions, where they do not say so themselves: a file of JSON. */
import { allPrivileges, type Caller } from '../../access/caller.ts';
import { messageOf, UsageError } from '../../errors.ts';
import { parsePartitionId } from '../../snapshot/partition-id.ts';

/** Callers by the SHA-256 fingerprints of their certificates, 64 small hexadecimal digits. */
export type CertificateMap = ReadonlyMap<string, Caller>;

const example = '{"<SHA-256 fingerprint>": {"partition": "5", "privileges": ["ACCESS_STATS"]}}';

/** A fingerprint in one spelling; null where it is no SHA-256 fingerprint. */
export function normalFingerprint(text: string): string | null {
  const digits = text.replaceAll(':', '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : null;
}

/**
 * Reads the text of a map, as in the example above; fingerprints may have colons and capital letters, as openssl
 * prints them, and who has no `privileges` has all. Throws a UsageError with each problem there is; `place` names the
 * file.
 */
export function parseCertificateMap(text: string, place: string): CertificateMap {
  const problems: string[] = [];
  const map = new Map<string, Caller>();
  for (const [key, entry] of Object.entries(parseObject(text, place))) {
    const at = `${place}: ${show(key)}`;
    const fingerprint = normalFingerprint(key);
    if (fingerprint === null) problems.push(`${at} is no SHA-256 fingerprint: needed are 64 hex digits.`);
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
  const nobody = { partitionId: 0n, privileges: new Set<never>() };
  if (!isObject(entry)) return { caller: nobody, problems: [`${at} needs an object, as in ${example}.`] };
  const { partition, privileges = allPrivileges, ...others } = entry;
  const problems = Object.keys(others).map((name) => `${at} has ${show(name)}, which is not known.`);
  const partitionId = typeof partition === 'string' ? parsePartitionId(partition) : null;
  if (partitionId === null)
    problems.push(
      `${at}: partition needs a partition id as a decimal string, such as "5", but is ${show(partition)}.`,
    );
  const names: readonly unknown[] = Array.isArray(privileges) ? privileges : [privileges];
  const known = allPrivileges.filter((privilege) => names.includes(privilege));
  const wrong = Array.isArray(privileges)
    ? names.filter((name) => !allPrivileges.some((privilege) => privilege === name))
    : names;
  for (const name of wrong)
    problems.push(
      `${at}: privileges needs an array of ${allPrivileges.join(' and ')}, but has ${show(name)}.`,
    );
  return { caller: { partitionId: partitionId ?? 0n, privileges: new Set(known) }, problems };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
