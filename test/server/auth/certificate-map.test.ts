import { describe, expect, it } from 'vitest';
import { allPrivileges } from '../../../src/access/caller.ts';
import { UsageError } from '../../../src/errors.ts';
import { parseCertificateMap } from '../../../src/server/auth/client-certificate.ts';

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);

function problemsOf(text: string): readonly string[] {
  try {
    parseCertificateMap(text, 'map');
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.problems;
    throw thrown;
  }
  return [];
}

describe('a map of certificates', () => {
  it('maps certificates to partitions, with all privileges by default', () => {
    const withColons = (b.match(/../g) ?? []).join(':').toUpperCase();
    const map = parseCertificateMap(
      JSON.stringify({
        [a]: { partition: '5' },
        [withColons]: { partition: '18446744073709551615', privileges: ['ACCESS_STATS'] },
      }),
      'map',
    );
    expect([...map]).toEqual([
      [a, { partitionId: 5n, privileges: new Set(allPrivileges) }],
      [b, { partitionId: 2n ** 64n - 1n, privileges: new Set(['ACCESS_STATS']) }],
    ]);
  });

  it('may grant no privileges', () => {
    const map = parseCertificateMap(`{"${a}":{"partition":"5","privileges":[]}}`, 'map');
    expect(map.get(a)?.privileges).toEqual(new Set());
  });

  it('reports each problem with its position', () => {
    const text = JSON.stringify({
      'aa:bb': { partition: '5' },
      [a]: { partition: 5, privileges: ['ROOT'], isRoot: true },
      [a.toUpperCase()]: { partition: '05', privileges: 'ACCESS_STATS' },
      [b]: null,
    });
    expect(problemsOf(text)).toEqual([
      'map: "aa:bb" is no SHA-256 fingerprint: expected 64 hex digits.',
      `map: "${a}" has "isRoot", which is not known.`,
      `map: "${a}": partition needs a partition id as a decimal string, such as "5", but is 5.`,
      `map: "${a}": privileges needs an array of ACCESS_STATS and ACCESS_STATS_MSR, but has "ROOT".`,
      `map: "${a.toUpperCase()}" is there twice, in two spellings.`,
      `map: "${a.toUpperCase()}": partition needs a partition id as a decimal string, such as "5", but is "05".`,
      `map: "${a.toUpperCase()}": privileges needs an array of ACCESS_STATS and ACCESS_STATS_MSR, but has "ACCESS_STATS".`,
      `map: "${b}" needs an object, as in {"<SHA-256 fingerprint>": {"partition": "5", "privileges": ["ACCESS_STATS"]}}.`,
    ]);
  });

  it.each([
    ['[]', /^map needs to be a JSON object such as \{/],
    ['null', /^map needs to be a JSON object/],
    ['{', /^map is not valid JSON: /],
  ])('must be an object: %s', (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });
});
