import { beforeEach, describe, expect, it } from 'vitest';
import { SubscriptionLeases, type LeaseRequest } from '../../../src/execution/live/subscription-leases.ts';

const limits = { maxStreams: 4, maxStreamsPerCaller: 3, maxStreamText: 100, maxStreamTextPerCaller: 60 };
const [one, other] = [{ process: 1 }, { process: 2 }];
let places: SubscriptionLeases<object>;
let numbers: number;
beforeEach(() => {
  places = new SubscriptionLeases(limits);
  numbers = 0;
});

/** Acquires a lease; returns its number, or the facts of the error. */
function take(
  holder: object,
  { partition = '1', asks = 'a', length = 10, variables = 0 }: Partial<Record<string, any>> = {},
): unknown {
  const request: LeaseRequest = {
    partitionId: partition,
    document: asks,
    operation: `${asks} ${variables} ${partition}`,
    documentLength: length,
    variablesLength: variables,
  };
  const number = (numbers += 1);
  return places.acquire(holder, { number, request })?.extensions ?? number;
}

describe('the leases of subscriptions', () => {
  it('are limited for each caller across all processes', () => {
    expect([take(one), take(other), take(one)]).toEqual([1, 2, 3]);
    expect(take(other)).toEqual({ code: 'LIMIT_EXCEEDED', limit: 3, actual: 4 });
    expect(take(other, { partition: '2' })).toBe(5);
    expect(take(one, { partition: '3' })).toEqual({ code: 'LIMIT_EXCEEDED', limit: 4, actual: 5 });
  });

  it('are free again after their release, and each lease is released only once', () => {
    const number = Number(take(one));
    take(other);
    take(one);
    places.release(other, number);
    expect(take(other)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    places.release(one, number);
    places.release(one, number);
    expect(take(other)).toBe(5);
    expect(take(other)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('of a process that has exited are all free again', () => {
    take(one);
    take(one);
    take(other);
    places.releaseAll(one);
    expect([take(other), take(other)]).toEqual([4, 5]);
    expect(take(one)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('count a text once for all processes, until its last stream has ended', () => {
    const [first, second] = [Number(take(one, { length: 50 })), Number(take(other, { length: 50 }))];
    expect(take(one, { asks: 'b', length: 20 })).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 60,
      actual: 70,
    });
    places.release(one, first);
    expect(take(one, { asks: 'b', length: 20 })).toMatchObject({ actual: 70 });
    places.release(other, second);
    expect(take(one, { asks: 'b', length: 20 })).toBeTypeOf('number');
  });

  it('count variables for each operation, and a shared document only once', () => {
    take(one, { length: 40, variables: 5 });
    expect(take(other, { length: 40, variables: 15 })).toBe(2);
    expect(take(other, { length: 40, variables: 16 })).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 60,
      actual: 76,
    });
    places.releaseAll(one);
    places.releaseAll(other);
    expect(take(one, { asks: 'c', length: 60 })).toBeTypeOf('number');
  });
});
