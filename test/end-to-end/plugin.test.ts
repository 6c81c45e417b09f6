/** Plugins of Yoga and envelop, some from npm, that an operator adds to the built program with --plugin. */
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../until.ts';
import { Program, serve, type Served } from './program.ts';

// Each test starts a service or two, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const folder = './test/fixtures/plugins';
const introspection = 'query Introspection { __schema { queryType { name } } }';
const denied = /introspection has been disabled/;

const services: Served[] = [];
afterEach(() => services.splice(0).forEach(({ program }) => program.child.kill('SIGKILL')));

async function serveWith(plugins: readonly string[], args: readonly string[] = []): Promise<Served> {
  const flags = plugins.flatMap((name) => ['--plugin', `${folder}/${name}.mjs`]);
  const served = await serve([...flags, ...args]);
  services.push(served);
  return served;
}

/** How an operation is sent, with headers that only a script can set. */
type Send = (
  served: Served,
  operation: { readonly query: string; readonly headers?: Record<string, string> },
) => Promise<string>;

const scriptHeaders = { 'x-sent-by-script': '1' };

/** One answer, or the first event, as text. A connection of its own for each, so that workers take turns. */
const transports: Readonly<Record<'POST' | 'GET' | 'SSE' | 'WebSocket', Send>> = {
  POST: async ({ url, tokens }, { query, headers }) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${tokens[0]}`,
        connection: 'close',
        ...headers,
      },
      body: JSON.stringify({ query }),
    });
    return response.text();
  },
  GET: async ({ url, tokens }, { query, headers = scriptHeaders }) => {
    const response = await fetch(`${url}?query=${encodeURIComponent(query)}`, {
      headers: { authorization: `Bearer ${tokens[0]}`, connection: 'close', ...headers },
    });
    return response.text();
  },
  SSE: ({ url, tokens }, { query, headers }) => {
    const client = createSseClient({
      url,
      headers: { authorization: `Bearer ${tokens[0]}`, ...headers },
      retryAttempts: 0,
    });
    return firstOf((sink) => client.subscribe({ query }, sink));
  },
  WebSocket: async ({ url, tokens }, { query }) => {
    const client = createWebSocketClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { Authorization: `Bearer ${tokens[0]}` },
      retryAttempts: 0,
    });
    try {
      return await firstOf((sink) => client.subscribe({ query }, sink));
    } finally {
      await client.dispose();
    }
  },
};
const names = Object.keys(transports) as (keyof typeof transports)[];

interface FirstSink {
  next(result: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

/** The first result of a subscription as text, or what it ended with. */
async function firstOf(subscribe: (sink: FirstSink) => () => void): Promise<string> {
  let end: (() => void) | undefined;
  try {
    return await new Promise<string>((resolve) => {
      end = subscribe({
        next: (result) => resolve(JSON.stringify(result)),
        error: (error) =>
          resolve(error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error)),
        complete: () => resolve('complete'),
      });
    });
  } finally {
    end?.();
  }
}

/** How many operations of this name the plugin operation-log has seen. */
function startsOf({ program }: Served, name: string): number {
  return program.stderr.match(new RegExp(`^started ${name} in`, 'gm'))?.length ?? 0;
}

/** Until all that operation-log has written so far is here: it writes in order. */
async function waitForLast(served: Served): Promise<void> {
  await transports.WebSocket(served, { query: 'query Last { __typename }' });
  await until(() => startsOf(served, 'Last') > 0);
}

describe('plugins from npm', () => {
  it('of envelop and of Yoga work together, on every transport and for every request', async () => {
    const served = await serveWith(['no-introspection', 'csrf-prevention']);
    for (const name of names) {
      for (const _ of [1, 2, 3]) {
        expect(await transports[name](served, { query: introspection }), name).toMatch(denied);
        expect(await transports[name](served, { query: '{ __typename }' }), name).toMatch(
          /"data":\{"__typename":"Query"\}/,
        );
      }
    }
    const subscription = 'subscription { partition { partitionId } }';
    for (const name of ['SSE', 'WebSocket'] as const)
      expect(await transports[name](served, { query: subscription })).toMatch(/"partitionId":"1"/);
    // The same bytes as above, except the header that the plugin of Yoga asks for.
    for (const accept of ['*/*', 'text/event-stream']) {
      const answer = await transports.GET(served, { query: '{ __typename }', headers: { accept } });
      expect(answer).toContain('Required CSRF header(s) not present');
      expect(answer).not.toContain('"data":{');
    }
  });

  it('work in each of several workers', async () => {
    const served = await serveWith(['no-introspection', 'operation-log'], ['--workers', '2']);
    const workers = () =>
      new Set([...served.program.stderr.matchAll(/^started A in (\d+)$/gm)].map(([, id]) => id));
    while (workers().size < 2) {
      for (const name of names) {
        expect(await transports[name](served, { query: introspection }), name).toMatch(denied);
        // Twice: connections go to the workers in turn, and of two in each round one worker would get all of a kind.
        for (const _ of [1, 2]) await transports[name](served, { query: 'query A { __typename }' });
      }
    }
  });
});

describe('a plugin that may deny operations', () => {
  it('sees every operation of every transport, including repeats and subscriptions', async () => {
    const served = await serveWith(['operation-log']);
    for (const name of names) {
      for (const _ of [1, 2, 3])
        await transports[name](served, { query: `query By${name} { hypervisor { __typename } }` });
    }
    for (const name of ['SSE', 'WebSocket'] as const) {
      for (const _ of [1, 2])
        await transports[name](served, {
          query: `subscription Events${name} { partition { partitionId } }`,
        });
    }
    await waitForLast(served);
    expect(names.map((name) => startsOf(served, `By${name}`))).toEqual([3, 3, 3, 3]);
    expect(['SSE', 'WebSocket'].map((name) => startsOf(served, `Events${name}`))).toEqual([2, 2]);
  });
});

describe('a plugin that declares that it only observes', () => {
  it('sees operations that Yoga runs, and repeated queries run without Yoga', async () => {
    const served = await serveWith(['operation-observer']);
    for (const name of ['POST', 'GET'] as const) {
      for (const _ of [1, 2, 3])
        await transports[name](served, { query: `query By${name} { hypervisor { __typename } }` });
    }
    await transports.WebSocket(served, { query: 'subscription Events { partition { partitionId } }' });
    await waitForLast(served);
    expect(['ByPOST', 'ByGET', 'Events'].map((name) => startsOf(served, name))).toEqual([1, 1, 1]);
  });

  it('does not enable the hot path if another plugin does not declare it', async () => {
    const served = await serveWith(['operation-observer', 'no-introspection']);
    for (const _ of [1, 2, 3]) await transports.POST(served, { query: 'query Again { __typename }' });
    await waitForLast(served);
    expect(startsOf(served, 'Again')).toBe(3);
  });
});

describe('a module that is not a plugin', () => {
  const wrong: readonly (readonly [name: string, reason: string])[] = [
    ['./test/fixtures/plugins/missing.mjs', 'Cannot find module'],
    ['hvql-plugin-that-does-not-exist', "Cannot find package 'hvql-plugin-that-does-not-exist'"],
    ['./test/fixtures/plugins/throws.mjs', 'no licence'],
    ['./README.md', 'Unknown file extension'],
    ['./test/fixtures/plugins/no-default.mjs', 'but is undefined.'],
    ['./test/fixtures/plugins/number.mjs', 'but is number.'],
    ['./test/fixtures/plugins/null-in-list.mjs', 'but is null.'],
    ['./test/fixtures/plugins/no-hook.mjs', 'but is an object without a hook; it has "execute".'],
    // A package that exports a plugin by name only.
    ['@envelop/disable-introspection', 'but is undefined.'],
  ];

  it.each(['1', '2'])(
    'is a usage error, and all such modules are named, with %s process(es)',
    async (workers) => {
      const flags = wrong.flatMap(([name]) => ['--plugin', name]);
      const program = new Program(['serve', '--port', '0', '--workers', workers, ...flags]);
      expect(await program.exited).toBe(2);
      for (const [name, reason] of wrong) {
        const [line] = program.stderr
          .split('\n')
          .filter((each) => each.includes(`--plugin: ${name} cannot be used: `));
        expect(line).toContain(reason);
      }
      expect(program.stderr).not.toMatch(/^ +at /m);
      expect(program.stdout).toBe('');
    },
  );
});
