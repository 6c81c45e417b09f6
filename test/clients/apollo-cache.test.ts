import { ApolloClient, HttpLink, InMemoryCache, gql, type DocumentNode } from '@apollo/client';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import apollo from '../../schema/clients/apollo.json' with { type: 'json' };
import { startWatchedService, type WatchedService } from './watched-service.ts';
import { until } from '../until.ts';

let service: WatchedService;
beforeAll(async () => {
  // Each answer has values of its own: Apollo Client lets two components rest once one gets what it had before.
  service = await startWatchedService(['--snapshot-max-age', '0']);
});
beforeEach(() => {
  service.requests.length = 0;
});

const counters = (selection: string): DocumentNode => gql`
  {
    hypervisor {
      id
      logicalProcessor(index: 0) {
        id
        ${selection}
      }
    }
  }
`;
const a = counters('counters { totalRunTime }');
const b = counters('counters { contextSwitches }');

/** Two components that are shown together. Each keeps its data up to date from the cache. */
function watchBoth(cache: InMemoryCache, documents: readonly [DocumentNode, DocumentNode]) {
  const client = new ApolloClient({ cache, link: new HttpLink({ uri: service.url, fetch: service.fetch }) });
  const components = documents.map((query) => client.watchQuery({ query }));
  const subscriptions = components.map((component) => component.subscribe(() => undefined));
  return {
    components,
    isComplete: (): boolean => components.every((each) => each.getCurrentResult().dataState === 'complete'),
    close: (): void => {
      subscriptions.forEach((subscription) => subscription.unsubscribe());
      client.stop();
    },
  };
}

describe('two components of Apollo Client that select different fields of one object', () => {
  it.each([
    ['counters', a, b],
    [
      'rates and their interval',
      counters('rates { totalRunTime interval { seconds } }'),
      counters('rates { contextSwitches interval { from } }'),
    ],
    [
      'objects without their ids',
      gql`
        {
          hypervisor {
            logicalProcessor(index: 0) {
              counters {
                totalRunTime
              }
            }
          }
        }
      `,
      gql`
        {
          hypervisor {
            sampledAt
            logicalProcessor(index: 0) {
              counters {
                contextSwitches
              }
            }
          }
        }
      `,
    ],
    [
      'an object with its id and without it',
      a,
      gql`
        {
          hypervisor {
            logicalProcessor(index: 0) {
              counters {
                contextSwitches
              }
            }
          }
        }
      `,
    ],
    [
      'totals',
      gql`
        {
          hypervisor {
            id
            logicalProcessorTotals {
              of
              counters {
                totalRunTime
              }
            }
          }
        }
      `,
      gql`
        {
          hypervisor {
            id
            logicalProcessorTotals {
              readable
              counters {
                contextSwitches
              }
            }
          }
        }
      `,
    ],
    [
      'lists of objects',
      gql`
        {
          hypervisor {
            id
            partitions(first: 3) {
              nodes {
                id
                counters {
                  virtualProcessors
                }
              }
            }
          }
        }
      `,
      gql`
        {
          hypervisor {
            id
            partitions(first: 3) {
              pageInfo {
                hasNextPage
              }
              nodes {
                id
                name
              }
            }
          }
        }
      `,
    ],
    [
      'pages',
      gql`
        {
          partition {
            id
            page {
              source
            }
          }
        }
      `,
      gql`
        {
          partition {
            id
            page {
              sampledAt
            }
          }
        }
      `,
    ],
    [
      'the service',
      gql`
        {
          service {
            version
          }
        }
      `,
      gql`
        {
          service {
            limits {
              maxDepth
            }
            source {
              kind
            }
          }
        }
      `,
    ],
  ])('stop after one request each: %s', async (_, first, second) => {
    const watched = watchBoth(new InMemoryCache(apollo), [first, second]);
    await until(watched.isComplete);
    await service.untilIdle();
    expect([service.requests.length, watched.isComplete()]).toEqual([2, true]);
    watched.close();
  });

  it('store objects of two hosts separately', async () => {
    const other = await startWatchedService(['--host-name', 'web-17']);
    const cache = new InMemoryCache(apollo);
    const query = gql`
      {
        hypervisor {
          id
          host
        }
        partition {
          id
          host
        }
      }
    `;
    for (const { url, fetch } of [service, other]) {
      const client = new ApolloClient({ cache, link: new HttpLink({ uri: url, fetch }) });
      await client.query({ query, fetchPolicy: 'network-only' });
      client.stop();
    }
    const hosts = Object.values(cache.extract()).flatMap((object) => object?.['host'] ?? []);
    expect(hosts.sort()).toEqual(['local', 'local', 'web-17', 'web-17']);
  });

  it('send endless requests for each new value if the cache does not know the types', async () => {
    // Two times, which differ in each answer; a count may be the same twice.
    const watched = watchBoth(new InMemoryCache(), [a, counters('counters { globalTime }')]);
    await until(() => service.requests.length > 20);
    watched.close();
  });
});
