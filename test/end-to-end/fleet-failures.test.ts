/**
 * Kills or stops each part of a fleet in turn, as processes of their own, while clients watch. Waits for conditions: a busy
 * machine takes longer than the five seconds that docs/fleet.md names for a quiet one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsServerPath, startNatsServer, type NatsServer } from '../fleet/nats-server.ts';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';
import { post, Program, serve } from './program.ts';
import { transports, watchBySse, type Watcher } from './watcher.ts';

const names = ['web-1', 'web-2'] as const;
type Name = (typeof names)[number];
const query =
  'fleet { hosts { nodes { name hypervisor { host } } } totals { answered } unreachable { name } }';

describe.skipIf(natsServerPath === null)('a fleet with subscribed clients', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-failures-'));
  const secret = 'x'.repeat(32);
  const hosts = new Map<Name, Program>();
  let nats: NatsServer;
  let gateway: Program;
  let token: string;
  let port: number;
  let url: string;
  const watchers: Watcher[] = [];

  async function startHost(name: Name): Promise<void> {
    const source = 'simulator?lps=2&partitions=2&vps=1';
    const { program } = await serve(['--nats', nats.url, '--host-name', name, '--source', source]);
    hosts.set(name, program);
  }
  async function startGateway(): Promise<void> {
    const args = [
      'gateway',
      '--nats',
      nats.url,
      '--hosts',
      join(folder, 'hosts.json'),
      '--port',
      String(port),
    ];
    gateway = new Program([...args, '--jwt-secret-file', join(folder, 'secret'), '--host-deadline', '1s']);
    [, url = ''] = await gateway.prints(/^hvql listening on (http:\S+)\n/m);
  }
  function watch(by = watchBySse): Watcher {
    const watcher = by({
      url,
      token,
      query: `subscription { ${query.replace('fleet', 'fleet(every: "200ms")')} }`,
    });
    watchers.push(watcher);
    return watcher;
  }
  /** The next event in which these hosts have values, and no others. */
  async function has(watcher: Watcher, ...expected: readonly Name[]): Promise<any> {
    const event = await watcher.next(({ data }) => data.fleet.totals.answered === expected.length);
    const { nodes } = event.data.fleet.hosts;
    expect(nodes).toEqual(
      names.map((name) => ({ name, hypervisor: expected.includes(name) ? { host: name } : null })),
    );
    const missing = names.filter((name) => !expected.includes(name));
    expect(event.data.fleet.unreachable.map(({ name }: any) => name)).toEqual(missing);
    expect(
      (event.errors ?? []).map(({ path, extensions }: any) => [path.join('.'), extensions.code]),
    ).toEqual(
      missing.map((name) => [`fleet.hosts.nodes.${names.indexOf(name)}.hypervisor`, 'HOST_UNREACHABLE']),
    );
    return event;
  }
  const readyStatus = async (): Promise<number> => (await fetch(new URL('/ready', url))).status;

  beforeAll(async () => {
    nats = await startNatsServer();
    writeFileSync(join(folder, 'secret'), secret);
    writeFileSync(join(folder, 'hosts.json'), JSON.stringify({ hosts: names }));
    token = await new SignJWT({ hv_partition: 'root', hv_host: '*' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(secret));
    port = await freePort();
    await startGateway();
    await Promise.all(names.map(startHost));
    for (const by of Object.values(transports)) await has(watch(by), ...names);
  });
  afterAll(async () => {
    for (const watcher of watchers) watcher.stop();
    for (const program of [gateway, ...hosts.values()]) program.child.kill('SIGKILL');
    await nats.close();
    rmSync(folder, { recursive: true });
  });
  /** The same for every watcher. */
  const allHave = (...expected: readonly Name[]): Promise<unknown> =>
    Promise.all(watchers.map((watcher) => has(watcher, ...expected)));

  it('has a gap when a host is killed, and the host again after its restart', async () => {
    await hosts.get('web-2')?.stop('SIGKILL');
    await allHave('web-1');
    const answer = await post(url, { token, query: `{ ${query} }` });
    expect(answer.data.fleet.unreachable).toEqual([{ name: 'web-2' }]);
    await startHost('web-2');
    await allHave(...names);
  });

  it('has a gap when a host hangs, and waits for it only once', async () => {
    hosts.get('web-2')?.child.kill('SIGSTOP');
    await allHave('web-1');
    const ask = (): Promise<any> => post(url, { token, query: `{ ${query} }` });
    expect((await ask()).data.fleet.unreachable).toEqual([{ name: 'web-2' }]);
    const second = await ask();
    expect(second.errors[0].message).toContain('it has missed a deadline and has not responded since');
    await allHave('web-1');
    hosts.get('web-2')?.child.kill('SIGCONT');
    await allHave(...names);
    await until(async () => (await ask()).errors === undefined);
  });

  it('has no hosts while NATS is not running, and all again after its restart on the same port', async () => {
    await nats.kill();
    await allHave();
    expect(await readyStatus()).toBe(503);
    expect((await post(url, { token, query: `{ ${query} }` })).data.fleet.totals.answered).toBe(0);
    await nats.restart();
    await allHave(...names);
    expect(await readyStatus()).toBe(200);
  });

  it('notices that NATS is suspended, and has all hosts again once it continues', async () => {
    nats.signal('SIGSTOP');
    await allHave();
    await until(async () => (await readyStatus()) === 503);
    nats.signal('SIGCONT');
    await allHave(...names);
    await until(async () => (await readyStatus()) === 200);
  });

  it('ends the subscriptions of a gateway that is killed; clients continue at the next gateway', async () => {
    await gateway.stop('SIGKILL');
    for (const { kind } of await Promise.all(watchers.map((watcher) => watcher.end())))
      expect(kind).toBe('error');
    watchers.length = 0;
    await startGateway();
    await has(watch(), ...names);
  });
});
