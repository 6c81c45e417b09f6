/** The operator's list of revoked tokens, subjects and client certificates. */
import { messageOf, UsageError } from '../errors.ts';
import { excerpt, isObject, withoutByteOrderMark } from '../lib/json.ts';

/** What is revoked. */
export interface RevocationList {
  /** Tokens by `jti`. */
  readonly tokenIds: ReadonlySet<string>;
  /** All tokens of a `sub`. */
  readonly subjects: ReadonlySet<string>;
  /** Certificates by SHA-256 fingerprint, as 64 lower-case hexadecimal digits. */
  readonly fingerprints: ReadonlySet<string>;
}

/** Nothing is revoked. */
export const emptyRevocationList: RevocationList = {
  tokenIds: new Set(),
  subjects: new Set(),
  fingerprints: new Set(),
};

const example = '{"jti": ["…"], "sub": ["…"], "fingerprints": ["<SHA-256 fingerprint of a certificate>"]}';
const names = ['jti', 'sub', 'fingerprints'];

/**
 * Reads a list as in the example above, each part of which may be left out. Throws a UsageError with all problems; `place`
 * names the file.
 */
export function parseRevocationList(text: string, place: string): RevocationList {
  let value: unknown;
  try {
    value = JSON.parse(withoutByteOrderMark(text));
  } catch (thrown) {
    throw new UsageError([`${place} is not valid JSON: ${messageOf(thrown)}.`]);
  }
  if (!isObject(value)) throw new UsageError([`${place} needs to be a JSON object such as ${example}.`]);
  const problems = Object.keys(value)
    .filter((name) => !names.includes(name))
    .map((name) => `${place} has ${show(name)}, which is not known: the lists are ${names.join(', ')}.`);
  const list = (name: string, read: (text: string) => string | null, needed: string): Set<string> => {
    const entries: unknown = value[name] ?? [];
    if (!Array.isArray(entries)) {
      problems.push(`${place}: ${name} needs an array of strings, but is ${show(entries)}.`);
      return new Set();
    }
    const texts = entries.map((entry: unknown, n) => {
      const text = typeof entry === 'string' ? read(entry) : null;
      if (text === null) problems.push(`${place}: ${name}[${n}] needs ${needed}, but is ${show(entry)}.`);
      return text ?? '';
    });
    return new Set(texts);
  };
  const aText = (text: string): string | null => (text === '' ? null : text);
  const parsed = {
    tokenIds: list('jti', aText, 'the jti of a token as a string'),
    subjects: list('sub', aText, 'the sub of tokens as a string'),
    fingerprints: list('fingerprints', normalFingerprint, 'a SHA-256 fingerprint of 64 hex digits'),
  };
  if (problems.length > 0) throw new UsageError(problems);
  return parsed;
}

/** A SHA-256 fingerprint in any usual spelling as 64 lower-case hexadecimal digits; null for anything else. */
export function normalFingerprint(text: string): string | null {
  const digits = text.replaceAll(':', '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : null;
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : excerpt(JSON.stringify(value), 80);
}
