import { describe, expect, it } from 'vitest';
import { charactersOfDocument, documentCache } from '../../src/server/document-cache.ts';

describe('the cache of documents', () => {
  it('keeps what was used last, up to so many characters', () => {
    const cache = documentCache<number>(6 + 2 * charactersOfDocument);
    cache.set('aaa', 1);
    cache.set('bbb', 2);
    expect(cache.get('aaa')).toBe(1);
    cache.set('c', 3);
    expect([cache.get('aaa'), cache.get('bbb'), cache.get('c')]).toEqual([1, undefined, 3]);
  });

  it('counts a text once, however often it is set', () => {
    const cache = documentCache<number>(4 + 2 * charactersOfDocument);
    cache.set('aa', 1);
    cache.set('aa', 2);
    cache.set('bb', 3);
    expect([cache.get('aa'), cache.get('bb')]).toEqual([2, 3]);
  });

  it('counts each document for what it takes beside its text', () => {
    const cache = documentCache<number>(3 * charactersOfDocument);
    for (const [n, text] of ['a', 'b', 'c'].entries()) cache.set(text, n);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([undefined, 1, 2]);
  });

  it('does not let go of all for one that is too long', () => {
    const cache = documentCache<number>(4 + charactersOfDocument);
    cache.set('aa', 1);
    cache.set('too long', 2);
    expect([cache.get('aa'), cache.get('too long')]).toEqual([1, undefined]);
  });
});
