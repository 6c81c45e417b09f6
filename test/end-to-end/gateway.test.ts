/** The program `hvql gateway` with the settings that it shares with `hvql serve`; no host has joined its NATS. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsServerPath, startNatsServer, type NatsServer } from '../fleet/nats-server.ts';
import { until } from '../until.ts';
import { post, Program } from './program.ts';
import { watchBySse } from './watcher.ts';

const totals = 'query Totals { fleet { totals { of } } }';
const live = 'subscription Live { fleet(every: "100ms") { totals { of } } }';
const schema = 'query Schema { __schema { queryType { name } } }';
const replaced = 'query Replaced { viewer { partition } }';

describe.skipIf(natsServerPath === null)('hvql gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-gateway-program-'));
  const path = (name: string): string => join(folder, name);
  let secret = 'a'.repeat(32);
  let nats: NatsServer;
  let program: Program;
  let url: string;

  const token = (claims: object = {}): Promise<string> =>
    new SignJWT({ hv_partition: 'root', hv_host: '*', ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(secret));
  const ask = async (query: string, claims?: object): Promise<any> =>
    post(url, { token: await token(claims), query });
  const codeOf = async (query: string, claims?: object): Promise<unknown> =>
    (await ask(query, claims)).errors?.[0]?.extensions.code;

  beforeAll(async () => {
    nats = await startNatsServer();
    mkdirSync(path('operations'));
    for (const [name, text] of Object.entries({ totals, live, schema, replaced }))
      writeFileSync(path(`operations/${name}.graphql`), text);
    writeFileSync(path('secret'), secret);
    writeFileSync(path('revoked.json'), '{}');
    writeFileSync(
      path('plugin.mjs'),
      `export default { onExecute({ args, setResultAndStopExecution }) {
        const [{ name }] = args.document.definitions;
        if (name.value === 'Replaced') setResultAndStopExecution({ data: { viewer: { partition: 'of the plugin' } } });
      } };`,
    );
    program = new Program([
      ...['gateway', '--port', '0', '--nats', nats.url, '--jwt-secret-file', path('secret')],
      ...['--revoked', path('revoked.json'), '--operations', path('operations'), '--introspection', 'root'],
      ...['--plugin', path('plugin.mjs'), '--audit', path('audit'), '--audit-size', '1MB'],
      ...['--metrics-listen', '127.0.0.1:0', '--trusted-proxies', '127.0.0.1'],
    ]);
    [, url = ''] = await program.prints(/^hvql listening on (http:\S+)\n/m);
  });
  afterAll(async () => {
    program.child.kill('SIGKILL');
    await nats.close();
    rmSync(folder, { recursive: true });
  });

  it('accepts only the listed documents, runs the plugins, and shows the schema to the root', async () => {
    expect((await ask(totals)).data).toEqual({ fleet: { totals: { of: 0 } } });
    expect(await codeOf('{ fleet { totals { of } } }')).toBe('OPERATION_NOT_ALLOWED');
    expect((await ask(replaced)).data).toEqual({ viewer: { partition: 'of the plugin' } });
    expect((await ask(schema)).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
    expect(await codeOf(schema, { hv_partition: '5' })).toBe('ACCESS_DENIED');
  });

  it('shows its health to the root of all hosts, and on the loopback address without an identity', async () => {
    const scrape = async (claims?: object): Promise<Response> =>
      fetch(new URL('/metrics', url), { headers: { authorization: `Bearer ${await token(claims)}` } });
    await until(async () => (await (await scrape()).text()).includes('hvql_nats_connected 1\n'));
    const text = await (await scrape()).text();
    expect(text).toContain('hvql_hosts{status="ANSWERING"} 0\n');
    expect(text).toContain('hvql_open_streams 0\n');
    expect(text).not.toContain('hvql_source');
    for (const claims of [{ hv_host: ['web-1'] }, { hv_partition: '5' }])
      expect((await scrape(claims)).status).toBe(403);
    const port = /"port":(\d+),"msg":"the health of the service/.exec(program.stderr)?.[1];
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('hvql_host_streams 0\n');
  });

  it('ends the subscription of a client whose token is revoked, and no other', async () => {
    const watchers = await Promise.all(
      ['adam', 'eve'].map(async (sub) => watchBySse({ url, token: await token({ sub }), query: live })),
    );
    const [adam, eve] = watchers;
    if (adam === undefined || eve === undefined) throw new Error('two are needed');
    await Promise.all(watchers.map((watcher) => watcher.event(0)));
    writeFileSync(path('revoked.json'), JSON.stringify({ sub: ['eve'] }));
    await eve.end();
    expect(eve.last.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    await adam.next();
    adam.stop();
    const trail = (): any[] =>
      readFileSync(path('audit'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    await until(() => trail().filter(({ event }) => event === 'closed').length === 2);
    expect(
      trail()
        .filter(({ event }) => event === 'closed')
        .map(({ sub, reason }) => [sub, reason]),
    ).toEqual([
      ['eve', 'revoked'],
      ['adam', 'client'],
    ]);
  });

  it('reloads its keys and reopens its audit file on SIGHUP', async () => {
    const old = await token();
    secret = 'b'.repeat(32);
    writeFileSync(path('secret'), secret);
    rmSync(path('audit'));
    program.child.kill('SIGHUP');
    await until(async () => (await ask(totals)).data?.fleet.totals.of === 0);
    const refused = await post(url, { token: old, query: totals });
    expect(refused.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    await until(() => program.stderr.includes('the keys of tokens have been reloaded'));
    expect(await program.stop()).toBe(0);
  });
});
