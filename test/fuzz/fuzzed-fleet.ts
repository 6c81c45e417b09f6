/** Two hosts and a gateway over a real nats-server; the sources of the hosts are replaced for each trial. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK } from 'jose';
import type { Caller } from '../../src/access/caller.ts';
import { Revocations } from '../../src/revocation/revocations.ts';
import { openDelegated } from '../../src/fleet/delegated-token.ts';
import { createFleetSchema } from '../../src/fleet/gateway/fleet-schema.ts';
import { openGateway } from '../../src/fleet/gateway/gateway.ts';
import { openFleetHost } from '../../src/fleet/host/fleet-host.ts';
import { developmentIdentity } from '../../src/server/auth/identity.ts';
import { signToken, type GrantedHosts } from '../../src/server/auth/token.ts';
import { startServer } from '../../src/server/server.ts';
import { otherHost, samplerOf, testHost, testLimits, type Answer } from '../ask.ts';
import { post } from '../end-to-end/program.ts';
import { startNatsServer } from '../fleet/nats-server.ts';
import { addressOf, makeKeys, openGateway as openDirectly } from '../fleet/test-host.ts';
import { startGraphService } from '../server/graph-service.ts';
import { readableLog } from '../server/test-service.ts';
import { until } from '../until.ts';
import { RandomHost } from './random-host.ts';

/** An operation of a fleet. */
export interface FleetQuestion {
  readonly caller: Caller;
  readonly hosts: GrantedHosts;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A fleet of the hosts `testHost` and `otherHost`. */
export interface FuzzedFleet {
  /** Replaces the sources of both hosts. */
  use(sources: Readonly<Record<string, RandomHost>>): void;
  /** Sends an operation to a host over NATS. */
  askHost(host: string, question: FleetQuestion): Promise<Answer>;
  /** Sends an operation to the gateway over HTTP. */
  askGateway(question: FleetQuestion): Promise<Answer>;
  close(): Promise<void>;
}

const secret = new Uint8Array(32).fill(9);

export async function openFuzzedFleet(): Promise<FuzzedFleet> {
  const { log } = readableLog();
  const folder = mkdtempSync(join(tmpdir(), 'hvql-fuzzed-fleet-'));
  const nats = await startNatsServer();
  const keys = await makeKeys();
  const hosts = await Promise.all([testHost, otherHost].map((name) => openHost(name)));

  async function openHost(name: string) {
    let world = worldOf(name, new RandomHost(1, 1));
    const service = await startGraphService(() => world);
    const revocations = new Revocations();
    const options = { gatewayKeys: keys.path, hostName: name, log, now: Date.now, revocations };
    const { verify } = await openDelegated(options);
    const fleet = openFleetHost({
      nats: addressOf(nats.url),
      hostName: name,
      server: service.context,
      verify,
      revocations,
      version: '1.2.3',
      health: () => ({ kind: 'fake', isAnswering: true, lastReadAt: null }),
      isWarmedUp: true,
      log,
      now: Date.now,
    });
    await fleet.joined;
    const use = (source: RandomHost): void => {
      source.rewind();
      world = worldOf(name, source);
    };
    return { name, use, close: () => fleet.close().then(() => service.close()) };
  }

  const list = join(folder, 'hosts.json');
  const gatewayKey = join(folder, 'key.json');
  writeFileSync(list, JSON.stringify({ hosts: [testHost, otherHost] }));
  writeFileSync(gatewayKey, JSON.stringify({ ...(await exportJWK(keys.key.key)), kid: 'a' }));
  const directly = await openDirectly(nats.url, keys.key);
  const gateway = await openGateway({
    nats: addressOf(nats.url),
    hosts: list,
    gatewayKey,
    hostDeadlineMilliseconds: 60_000,
    maxFleetBytes: 16_777_216,
    limits: testLimits,
    version: '1.2.3',
    log,
    now: Date.now,
  });
  const ofFleet = { log, now: Date.now, requiresHost: true, grantsHosts: true, hostName: () => '*' };
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    schema: createFleetSchema(),
    limits: testLimits,
    introspection: 'on',
    identity: await developmentIdentity({ ...ofFleet, host: '127.0.0.1', secret }),
    contextOf: gateway.contextOf,
    ready: gateway.ready,
    log,
    graphiql: null,
    now: Date.now,
  });
  await until(() =>
    gateway.ready().then(
      () => true,
      () => false,
    ),
  );
  const unnamed = { issuedAt: Date.now(), expiresAt: null, issuer: null, audience: null };
  return {
    use: (sources) => {
      for (const { name, use } of hosts) {
        const source = sources[name];
        if (source !== undefined) use(source);
      }
    },
    askHost: async (host, { caller, hosts: named, query, variables }) =>
      (await directly.ask(host, { query, variables }, { caller, hosts: named, expiresAt: null })) as Answer,
    askGateway: async ({ caller, hosts: named, query, variables }) =>
      (await post(server.url, {
        token: await signToken({ caller, hosts: named, ...unnamed }, secret),
        query,
        variables,
      })) as Answer,
    close: async () => {
      await server.close();
      await gateway.close();
      await directly.close();
      for (const { close } of hosts) await close();
      await nats.close();
      keys.remove();
      rmSync(folder, { recursive: true });
    },
  };
}

function worldOf(host: string, source: RandomHost) {
  const sampler = samplerOf(source);
  const facts = { version: '1.2.3', host, limits: testLimits, introspection: 'on' as const };
  return { sampler, service: { ...facts, health: () => sampler.health } };
}
