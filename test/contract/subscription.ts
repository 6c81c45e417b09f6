/** What a client sees of a subscription, whichever protocol its library speaks. */
import type { ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { LiveService } from '../server/live-service.ts';
import { until } from '../until.ts';

/** A running service, and how a client of it subscribes. */
export interface SubscriptionOnTrial {
  readonly service: LiveService;
  readonly iterate: (query: string) => AsyncIterableIterator<ExecutionResult>;
}

/** The suite for one library of clients. `onTrial` is called by each test. */
export function describeSubscription(library: string, onTrial: () => SubscriptionOnTrial): void {
  describe(`a subscription by ${library}`, () => {
    it('receives each event immediately, and the end', async () => {
      const { service, iterate } = onTrial();
      const results = iterate('subscription { tick }');
      const first = results.next();
      const stream = await service.stream();
      stream.tick('one');
      expect((await first).value).toEqual({ data: { tick: 'one' } });
      stream.tick('two');
      expect((await results.next()).value).toEqual({ data: { tick: 'two' } });
      stream.end();
      expect((await results.next()).done).toBe(true);
      expect([stream.pulls, stream.returns]).toEqual([3, 0]);
    });

    it('ends on the server when the client ends it, exactly once', async () => {
      const { service, iterate } = onTrial();
      const results = iterate('subscription { tick }');
      const first = results.next();
      const stream = await service.stream();
      stream.tick('one');
      await first;
      await results.return?.();
      await until(() => stream.returns > 0);
      expect(stream.returns).toBe(1);
    });
  });
}
