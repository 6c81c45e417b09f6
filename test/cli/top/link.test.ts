import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LinkError, type GraphLink } from '../../../src/cli/top/link/graph-link.ts';
import { askFacts } from '../../../src/cli/top/link/link-facts.ts';
import { isAboutToken, problemOf } from '../../../src/cli/top/link/link-problem.ts';
import { poll } from '../../../src/cli/top/link/poll.ts';

/** A link with an answer for each document that has the text. */
function linkWith(answers: Readonly<Record<string, object>>): GraphLink & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    title: 'test',
    asked,
    query: (text) => {
      asked.push(text);
      const [, answer] = Object.entries(answers).find(([part]) => text.includes(part)) ?? [];
      return answer === undefined
        ? Promise.reject(new LinkError({ message: 'gone', advice: 'wait' }))
        : Promise.resolve(answer);
    },
    watch: () => () => {},
    close: () => Promise.resolve(),
  };
}

describe('the facts of a graph', () => {
  it('describe the single host of a service', async () => {
    const link = linkWith({
      __typename: { data: { viewer: { __typename: 'Viewer' } } },
      isRoot: { data: { viewer: { isRoot: false, partitionId: '18446744073709551615' } } },
    });
    expect(await askFacts(link)).toEqual({
      isFleet: false,
      isRoot: false,
      ownPartition: '18446744073709551615',
      hasSubscriptions: true,
    });
  });

  it.each([
    [
      'root',
      [{ name: 'fleet' }, { name: 'host' }],
      { isRoot: true, ownPartition: null, hasSubscriptions: true },
    ],
    ['5', null, { isRoot: false, ownPartition: '5', hasSubscriptions: false }],
  ])('describe the hosts of a gateway for the partition %s', async (partition, fields, expected) => {
    const subscriptionType = fields && { fields };
    const link = linkWith({
      __typename: { data: { viewer: { __typename: 'FleetViewer' } } },
      partition: { data: { viewer: { partition } } },
      __schema: { data: { __schema: { subscriptionType } } },
    });
    expect(await askFacts(link)).toEqual({ isFleet: true, ...expected });
  });

  it('are refused with the reason and what to do', async () => {
    const errors = [{ message: 'Only listed documents', extensions: { code: 'OPERATION_NOT_ALLOWED' } }];
    const link = linkWith({ __typename: { errors } });
    await expect(askFacts(link)).rejects.toThrow(
      'OPERATION_NOT_ALLOWED: Only listed documents The service executes only the documents of its --operations. ' +
        'Run hvql top on the machine with the source, without --url.',
    );
  });
});

describe('polling', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sends a request immediately and at each interval, reports failures, and stops', async () => {
    const answers: Record<string, object> = { Top: { data: {} } };
    const link = linkWith(answers);
    const seen: string[] = [];
    const watcher = {
      next: () => seen.push('next'),
      lost: () => seen.push('lost'),
      ended: () => seen.push('ended'),
    };
    const stop = poll(link, { text: 'query Top', every: 1_000, watcher });
    await vi.advanceTimersByTimeAsync(1_500);
    expect(seen).toEqual(['next', 'next']);
    delete answers['Top'];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(seen.at(-1)).toBe('lost');
    stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(seen).toHaveLength(3);
    expect(link.asked).toHaveLength(3);
  });
});

describe('a connection problem', () => {
  const facts = { address: 'https://hvql.example/graphql', tokenFile: '/run/token' };
  const failed = (code: string, message: string) => ({
    error: Object.assign(new Error(message), { code }),
    message,
  });

  it.each([
    [
      failed('ECONNREFUSED', 'connect ECONNREFUSED'),
      /cannot be reached: connection refused \(ECONNREFUSED\)\. Check --url/,
    ],
    [failed('ENOTFOUND', 'getaddrinfo ENOTFOUND hvql.example'), /name in .* is not known: .* Check --url\./],
    [failed('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'), /not trusted.* --tls-ca/],
    [
      failed(
        'EPROTO',
        'write EPROTO 80CC:error:0A00010B:SSL routines::wrong version number:../ssl3.c:350:\n',
      ),
      /^https:\/\/hvql\.example\/graphql does not support TLS\. Use http:\/\/ in --url/,
    ],
    [failed('', 'Unexpected server response: 404'), /HTTP status 404.* Check the path/],
    [
      { code: 4401, reason: 'The token has expired.' },
      /does not accept the token: The token has expired\. Write a new token to \/run\/token; it is reloaded/,
    ],
    [{ code: 4403, reason: '' }, /does not accept the token: it gave no reason\. Write a new token/],
    [{ code: 1001, reason: '' }, /is shutting down\. Retrying/],
    [
      { code: 1013, reason: 'keys cannot be fetched' },
      /cannot accept it now: keys cannot be fetched\. Retrying/,
    ],
    [{ code: 4499, reason: 'Terminated' }, /no longer responds\. Retrying/],
    [{ code: 1006, reason: '' }, /The connection to .* is lost\. Retrying/],
  ])('%# has a message that says what is wrong and what to do', (thrown, expected) => {
    const { message, advice } = problemOf(thrown, facts);
    expect(`${message} ${advice}`).toMatch(expected);
  });

  it('concerns the token if the result has such an error', () => {
    expect(isAboutToken([{ message: '', extensions: { code: 'UNAUTHENTICATED' } }])).toBe(true);
    expect(isAboutToken([{ message: '', extensions: { code: 'ACCESS_DENIED' } }])).toBe(false);
    expect(isAboutToken(undefined)).toBe(false);
  });
});
