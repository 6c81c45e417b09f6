import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gql } from '@apollo/client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runTool, transformRelay, writeExamples } from './examples.ts';
import { startWatchedService, type WatchedService } from './watched-service.ts';
import { until } from '../until.ts';

let service: WatchedService;
let folder: URL;
/** A module of the examples. */
const load = (file: string): Promise<any> => import(fileURLToPath(new URL(file, folder)));

beforeAll(async () => {
  folder = writeExamples('front-ends');
  mkdirSync(new URL('documents/', folder));
  writeFileSync(
    new URL('documents/run-time.graphql', folder),
    'query RunTime($index: Int!) { hypervisor { logicalProcessor(index: $index) { counters { totalRunTime } } } }',
  );
  await runTool(folder, ['relay-compiler']);
  await runTool(folder, ['gql.tada', 'generate-output']);
  await runTool(folder, ['graphql-codegen', '--config', 'codegen.ts']);
  service = await startWatchedService();
});
beforeEach(() => {
  service.requests.length = 0;
  vi.stubGlobal('fetch', service.fetch);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const digits = expect.stringMatching(/^\d+$/) as string;
const getToken = async (): Promise<string> => service.token;

describe('the examples of docs/front-ends.md', () => {
  it('compile, and represent 64-bit integers as strings', async () => {
    // After the types that the tools of Relay, gql.tada and GraphQL Code Generator have written.
    writeFileSync(
      new URL('checks.ts', folder),
      [
        "import type { RunTimeQuery } from './documents/generated/graphql.ts';",
        "import type { RunTime } from './gql-tada.ts';",
        "import type { relayRunTimeQuery$data } from './__generated__/relayRunTimeQuery.graphql.ts';",
        'type Processor<Data extends { hypervisor: { logicalProcessor?: unknown } }> =',
        "  NonNullable<Data['hypervisor']['logicalProcessor']>;",
        'type Count<Data extends { counters?: { totalRunTime?: unknown } | null }> =',
        "  NonNullable<NonNullable<Data['counters']>['totalRunTime']>;",
        'type IsString<A> = 0 extends 1 & A ? never : [A] extends [string] ? true : never;',
        'export const tada: IsString<Count<Processor<RunTime>>> = true;',
        'export const relay: IsString<Count<Processor<relayRunTimeQuery$data>>> = true;',
        'export const codegen: IsString<Count<Processor<RunTimeQuery>>> = true;',
        "export const rate: NonNullable<Processor<RunTime>['rates']>['totalRunTime'] = 0.5;",
      ].join('\n'),
    );
    await runTool(folder, ['tsc', '-p', '.']);
  });

  it('map the scalars of schema/clients in Relay', () => {
    const { customScalarTypes } = JSON.parse(readFileSync(new URL('relay.config.json', folder), 'utf8'));
    expect(customScalarTypes).toEqual(JSON.parse(readFileSync('schema/clients/scalars.json', 'utf8')));
  });

  it('run with Apollo Client', async () => {
    const { createApolloClient, runTime } = await load('apollo.ts');
    const client = createApolloClient(service.url, getToken);
    const { data } = await client.query({ query: runTime, variables: { index: 0 } });
    expect(data.hypervisor.logicalProcessor.counters.totalRunTime).toEqual(digits);
    const documents = [
      gql`
        {
          counterDefinitions {
            field
          }
        }
      `,
      gql`
        {
          counterDefinitions {
            title
          }
        }
      `,
    ];
    const components = documents.map((query) => client.watchQuery({ query }));
    const watched = components.map((component) => component.subscribe(() => undefined));
    const isComplete = (): boolean =>
      components.every((component) => component.getCurrentResult().dataState === 'complete');
    await until(isComplete);
    await service.untilIdle();
    expect([service.requests.length, isComplete()]).toEqual([3, true]);
    watched.forEach((each) => each.unsubscribe());
    client.stop();
  });

  it('run with urql, whose components stop after one request each', async () => {
    const warn = vi.spyOn(console, 'warn');
    const { createUrqlClient, runTime } = await load('urql.ts');
    const client = createUrqlClient(service.url, () => service.token);
    const switches = `query Switches($index: Int!) {
      hypervisor { id logicalProcessor(index: $index) { id counters { contextSwitches } rates { totalRunTime interval { seconds } } } }
    }`;
    const results: any[] = [];
    const watched = [runTime, switches].map((document, n) =>
      client.query(document, { index: 0 }).subscribe((result: any) => {
        results[n] = result;
      }),
    );
    await until(() => results[0] !== undefined && results[1] !== undefined);
    await service.untilIdle();
    expect(results.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(results.map(({ data }) => data.hypervisor.logicalProcessor.counters)).toMatchObject([
      { totalRunTime: digits },
      { contextSwitches: digits },
    ]);
    expect(service.requests.length).toBe(2);
    watched.forEach((each) => each.unsubscribe());
    // Graphcache warns of types that it cannot tell from objects with a key.
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it('run with gql.tada', async () => {
    const { runTime } = await load('gql-tada.ts');
    const { createUrqlClient } = await load('urql.ts');
    const { data } = await createUrqlClient(service.url, () => service.token).query(runTime, { index: 0 });
    expect(data.hypervisor.logicalProcessor.counters.totalRunTime).toEqual(digits);
  });

  it('run with Relay', async () => {
    const transformed = await transformRelay(new URL('relay.ts', folder));
    const { createRelayEnvironment, readRunTime } = await load(transformed.href);
    expect(await readRunTime(createRelayEnvironment(service.url, getToken), 0)).toEqual(digits);
  });
});
