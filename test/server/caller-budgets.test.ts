import { describe, expect, it } from 'vitest';
import { ValueBudgets } from '../../src/limits/value-budget.ts';
import type { Identified } from '../../src/server/auth/identity.ts';
import { CallerBudgets } from '../../src/server/caller-budgets.ts';
import { noCredential, type Credential } from '../../src/revocation/credential.ts';
import { caller } from '../ask.ts';

const identified = (partitionId: bigint, credential: Partial<Credential> = {}): Identified => ({
  caller: caller(partitionId),
  by: 'token',
  expiresAt: null,
  credential: { ...noCredential, ...credential },
});

describe('the budget of a caller', () => {
  it('is shared by all tokens of a subject, and separate for other subjects, certificates and partitions', () => {
    const budgets = new CallerBudgets(new ValueBudgets({ valuesPerSecond: 1 }));
    const own = identified(1n, { subject: 'ada', tokenId: '1' });
    budgets.of(own).charge(60);
    const refusal = { code: 'BUDGET_EXCEEDED', status: 429 };
    for (const same of [own, identified(1n, { subject: 'ada', tokenId: '2' })])
      expect(() => budgets.check(same)).toThrow(expect.objectContaining(refusal));
    for (const other of [
      identified(1n, { subject: 'bob' }),
      identified(1n),
      identified(1n, { fingerprint: 'ab' }),
      identified(5n, { subject: 'ada' }),
      { ...own, caller: caller(1n), by: 'guest socket' as const },
    ])
      expect(() => budgets.check(other)).not.toThrow();
  });

  it('has a key of bounded length', () => {
    const budgets = new CallerBudgets(new ValueBudgets({ valuesPerSecond: 1 }));
    const keys = ['x', 'y'].map(
      (end) => budgets.of(identified(1n, { subject: 'a'.repeat(5_000) + end })).key,
    );
    expect(new Set(keys).size).toBe(2);
    expect(keys.every((key) => key.length < 100)).toBe(true);
  });
});
