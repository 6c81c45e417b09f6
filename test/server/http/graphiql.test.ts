import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { runInNewContext } from 'node:vm';
import { parse, type DocumentNode } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Graphiql, loadGraphiqlAssets } from '../../../src/server/http/graphiql.ts';
import { send, startTestService, type TestService } from '../test-service.ts';

const tabs = [
  { name: 'Whole host', query: 'query Whole { hello }' },
  { name: 'Nasty', query: '# </script><script>alert(1)</script><!-- \u2028\nquery Nasty { hello }' },
];
let service: TestService;
let html: string;
let policy: string;
beforeAll(async () => {
  service = await startTestService({
    graphiql: {
      tabs,
      tokens: [
        { title: 'the root', token: 'ROOT-TOKEN' },
        { title: 'partition 2, web-1', token: 'GUEST-TOKEN' },
      ],
    },
  });
  const response = await fetch(service.url, {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html']);
  expect(response.headers.get('cache-control')).toBe('no-store');
  policy = response.headers.get('content-security-policy') ?? '';
  html = await response.text();
});
afterAll(() => service.close());

const inlineScripts = (): readonly string[] =>
  [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text]) => text ?? '');
const assetPaths = (): readonly string[] => [...new Set(html.match(/\/graphql\/assets\/[0-9a-f]+\.\w+/g))];

interface Rendered {
  readonly defaultTabs: readonly { readonly query: string; readonly headers: string }[];
  readonly headers: string;
  readonly shouldPersistHeaders: boolean;
  readonly endpoint: string;
  readonly print?: (document: DocumentNode) => string;
  readonly method?: string;
}

/** Runs the page's own script with the globals that it needs, and returns what it renders. */
function runPage(
  script: string,
  storage: Record<string, string> = {},
  address = 'http://127.0.0.1:4000/graphql',
): { rendered: Rendered; isRun: boolean; workerUrl: (label: string) => string } {
  let rendered: Rendered | undefined;
  let isRun = false;
  const world: Record<string, unknown> = {
    localStorage: Object.defineProperties(storage, {
      getItem: { value: (key: string) => storage[key] ?? null },
      setItem: { value: (key: string, value: string) => (storage[key] = value) },
    }),
    document: { getElementById: (id: string) => id },
    URL,
    location: address,
    React: { createElement: (type: string, attributes: object) => ({ type, ...attributes }) },
    MutationObserver: class {
      observe = () => (isRun = true);
    },
    console: { warn: () => undefined },
    addEventListener: (event: string, listen: () => void) => {
      expect(event).toBe('DOMContentLoaded');
      listen();
    },
    YogaGraphiQL: { renderYogaGraphiQL: (_: unknown, options: Rendered) => (rendered = options) },
  };
  world['self'] = world;
  runInNewContext(script, world);
  if (rendered === undefined) throw new Error('the page renders nothing');
  const environment = world['MonacoEnvironment'] as { getWorkerUrl: (id: string, label: string) => string };
  return { rendered, isRun, workerUrl: (label) => environment.getWorkerUrl('workerMain.js', label) };
}

describe('the page of GraphiQL', () => {
  it('has a content security policy that permits only its own files and its own script', () => {
    const [script = ''] = inlineScripts();
    expect(inlineScripts()).toHaveLength(1);
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'self' 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
      "style-src 'self' 'unsafe-inline'",
      "font-src 'self' data:",
      "img-src 'self' data:",
      "worker-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(html).not.toMatch(/\son\w+=/);
  });

  it('contains no address of another server', () => {
    expect(html).not.toMatch(/https?:|\/\/\w/);
    for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g))
      expect(address).toMatch(/^\/graphql\/assets\//);
  });

  it('keeps inserted values inside its script', () => {
    const [script = ''] = inlineScripts();
    expect(script).not.toMatch(/<(?!\s|=)/);
    expect(runPage(script).rendered.defaultTabs[1]?.query).toContain(
      '</script><script>alert(1)</script><!-- \u2028',
    );
  });

  it('opens with the example operations for the root, and with one tab for the guest', () => {
    const { rendered } = runPage(inlineScripts()[0] ?? '');
    expect(rendered.endpoint).toBe('/graphql');
    const headers = (token: string): string => JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);
    expect(rendered.headers).toBe(headers('ROOT-TOKEN'));
    expect(rendered.defaultTabs.map((tab) => tab.headers)).toEqual(
      ['ROOT-TOKEN', 'ROOT-TOKEN', 'GUEST-TOKEN'].map(headers),
    );
    expect(rendered.defaultTabs[0]?.query).toBe('# Whole host\nquery Whole { hello }');
    expect(rendered.defaultTabs[2]?.query).toBe(
      '# Sent with the token of partition 2, web-1, which is in the headers below.\nquery WholeAsGuest { hello }',
    );
  });

  it('replaces tokens that an earlier service left in the browser with the current ones', () => {
    const storage = {
      'hvql:tokens': '["OLD-ROOT","OLD-GUEST"]',
      'graphiql:tabState': '{"tabs":[],"a":"Bearer OLD-ROOT","b":"Bearer OLD-GUEST","mine":"query"}',
      other: 'as it was',
    };
    runPage(inlineScripts()[0] ?? '', storage);
    expect(storage).toEqual({
      'hvql:tokens': '["ROOT-TOKEN","GUEST-TOKEN"]',
      'graphiql:tabState': '{"tabs":[],"a":"Bearer ROOT-TOKEN","b":"Bearer GUEST-TOKEN","mine":"query"}',
      other: 'as it was',
    });
  });

  const kept = (...queries: readonly string[]): Record<string, string> => ({
    'graphiql:tabState': JSON.stringify({
      activeTabIndex: queries.length - 1,
      tabs: queries.map((query, n) => ({ query, variables: null, headers: `{"n":${n}}` })),
    }),
  });
  const first = '# Whole host\nquery Whole { hello }';
  const shared = (query: string): string =>
    `http://127.0.0.1:4000/graphql?query=${encodeURIComponent(query)}`;

  it('restores the tab that was active last, by its text', () => {
    const [script = ''] = inlineScripts();
    const texts = { initialQuery: '{ b }', initialVariables: '', initialHeaders: '{"n":1}' };
    expect(runPage(script, kept('{ a }', '{ b }')).rendered).toMatchObject(texts);
    // GraphiQL puts what was edited last into the address, whichever tab is shown.
    expect(runPage(script, kept('{ a }', '{ b }'), shared('{ a }')).rendered).toMatchObject(texts);
    expect(runPage(script, {}).rendered).not.toHaveProperty('initialQuery');
    expect(runPage(script, { 'graphiql:tabState': '{"tabs":' }).rendered).not.toHaveProperty('initialQuery');
  });

  it('runs the first example by itself, but no text that a user wrote or that is in the address', () => {
    const [script = ''] = inlineScripts();
    expect(runPage(script).isRun).toBe(true);
    expect(runPage(script, kept(first)).isRun).toBe(true);
    expect(runPage(script, kept(first, '{ b }')).isRun).toBe(false);
    for (const storage of [{}, kept('{ a }'), kept(first)])
      expect(runPage(script, storage, shared('{ c }')).isRun).toBe(false);
  });

  it('opens a tab for an operation in the address', () => {
    const [script = ''] = inlineScripts();
    expect(runPage(script, {}, shared('{ c }')).rendered.defaultTabs[0]?.query).toBe('{ c }');
    expect(runPage(script, kept('{ a }'), shared('{ c }')).rendered).not.toHaveProperty('initialQuery');
  });

  it('is the page to which browsers are redirected from the root path, and other clients are not', async () => {
    const ask = (accept: string) => send(service.url, { path: '/', headers: { accept } });
    expect(await ask('text/html,*/*;q=0.8')).toMatchObject({
      status: 302,
      headers: { location: '/graphql' },
    });
    const head = { method: 'HEAD', path: '/', headers: { accept: 'text/html' } };
    expect(await send(service.url, head)).toMatchObject({ status: 302, headers: { location: '/graphql' } });
    expect((await ask('*/*')).status).toBe(404);
    const own = await startTestService({ graphiql: null });
    expect((await send(own.url, { path: '/', headers: { accept: 'text/html' } })).status).toBe(404);
    await own.close();
  });

  it('is not served to clients that do not accept HTML', async () => {
    for (const accept of ['*/*', 'application/json']) {
      expect((await fetch(service.url, { headers: { accept } })).status).toBe(401);
    }
  });

  it('contains and stores no token if users bring their own', async () => {
    const own = await startTestService({ graphiql: { tabs, tokens: null } });
    const page = await (await fetch(own.url, { headers: { accept: 'text/html' } })).text();
    await own.close();
    expect(page).not.toContain(own.rootToken);
    const script = /<script>([^]*?)<\/script>/.exec(page)?.[1] ?? '';
    const storage = { 'hvql:tokens': '["OLD"]', 'graphiql:headers': 'Bearer OLD' };
    const { rendered, isRun } = runPage(script, storage);
    expect(rendered).toMatchObject({
      shouldPersistHeaders: false,
      isHeadersEditorEnabled: false,
      title: { type: 'input', 'aria-label': 'Token' },
    });
    expect(rendered).not.toHaveProperty('headers');
    expect(isRun).toBe(false);
    expect(storage).toEqual({ 'hvql:tokens': '[]', 'graphiql:headers': 'Bearer ' });
  });

  it('shows and sends the exact texts if only these are accepted', async () => {
    const text = '\n# One.\nquery  A { hello } # two\n';
    const tokens = ['ROOT', 'GUEST'].map((token) => ({ title: token, token }));
    const own = await startTestService({
      graphiql: { tabs: [{ name: 'a.graphql', query: text }], tokens, isExact: true },
    });
    const page = await (await fetch(own.url, { headers: { accept: 'text/html' } })).text();
    await own.close();
    const { rendered } = runPage(/<script>([^]*?)<\/script>/.exec(page)?.[1] ?? '');
    expect(rendered.defaultTabs.map(({ query }) => query)).toEqual([text, text]);
    expect(rendered.print?.(parse(text))).toBe(text);
    expect(rendered.method).toBe('POST');
    expect(runPage(inlineScripts()[0] ?? '').rendered).not.toHaveProperty('print');
  });
});

describe('a file of GraphiQL', () => {
  it('is served gzipped, cached permanently, under a name derived from its content', async () => {
    expect(assetPaths()).toHaveLength(6);
    for (const path of assetPaths()) {
      const answer = await send(service.url, { path, headers: { 'accept-encoding': 'br, gzip' } });
      expect(answer.headers).toMatchObject({
        'content-encoding': 'gzip',
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding',
        'x-content-type-options': 'nosniff',
      });
      const hash = createHash('sha256').update(gunzipSync(answer.body)).digest('hex').slice(0, 16);
      expect(path).toContain(`/${hash}.`);
      expect(answer.headers['content-type']).toMatch(
        { js: /^text\/javascript/, css: /^text\/css/, ico: /^image\/x-icon/ }[path.split('.')[1] ?? ''] ??
          /never/,
      );
    }
  });

  it.each([{}, { 'accept-encoding': 'identity' }, { 'accept-encoding': 'gzip;q=0' }])(
    'is served uncompressed if gzip is not accepted: %j',
    async (headers) => {
      const path = assetPaths().find((name) => name.endsWith('.css')) ?? '';
      const answer = await send(service.url, { path, headers: { ...headers } });
      expect(answer.headers['content-encoding']).toBe(undefined);
      expect(answer.body.toString()).toContain('.graphiql-container');
    },
  );

  it('exists for every worker that the editor requests', async () => {
    const { workerUrl } = runPage(inlineScripts()[0] ?? '');
    for (const label of ['editorWorkerService', 'json', 'graphql', 'anything']) {
      const answer = await send(service.url, { path: workerUrl(label), method: 'HEAD' });
      expect([answer.status, answer.body.length]).toEqual([200, 0]);
    }
  });

  it('is loaded again on the next request if loading failed once', async () => {
    let isBroken = true;
    const page = new Graphiql({ tabs, tokens: null }, async () => {
      if (isBroken) throw new Error('EMFILE');
      return loadGraphiqlAssets();
    });
    const server = createServer((_, response) => {
      page.page().then(
        (html) => response.end(html),
        () => response.writeHead(500).end(),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect((await fetch(url)).status).toBe(500);
    isBroken = false;
    expect((await fetch(url)).status).toBe(200);
    server.closeAllConnections();
    server.close();
  });
});
