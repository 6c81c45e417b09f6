/** A gateway in this process, with its server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import { allPrivileges, type Caller } from '../../src/access/caller.ts';
import { createFleetSchema } from '../../src/fleet/gateway/fleet-schema.ts';
import { openGateway, type Gateway, type GatewayOptions } from '../../src/fleet/gateway/gateway.ts';
import { Revocations } from '../../src/revocation/revocations.ts';
import { developmentIdentity } from '../../src/server/auth/identity.ts';
import { callerClaims, type GrantedHosts } from '../../src/server/auth/token.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../src/server/server.ts';
import { testLimits, type Answer } from '../ask.ts';
import { post } from '../end-to-end/program.ts';
import { readableLog } from '../server/test-service.ts';
import { until } from '../until.ts';
import { addressOf, type TestKeys } from './test-host.ts';

/** A running gateway. */
export interface TestGateway {
  readonly gateway: Gateway;
  readonly server: RunningServer;
  readonly revocations: Revocations;
  /** Its log, and its audit trail. */
  readonly lines: string[];
  readonly audit: string[];
  token(caller?: TestCaller): Promise<string>;
  ask(query: string, caller?: TestCaller): Promise<Answer>;
  /** Resolves once this number of hosts respond. */
  answering(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A caller, by default the root of all hosts. */
export interface TestCaller {
  readonly partitionId?: Caller['partitionId'];
  readonly hosts?: GrantedHosts;
  readonly expiresAt?: number;
  readonly subject?: string;
}

const secret = new Uint8Array(32).fill(7);

export async function startTestGateway(options: {
  readonly nats: string;
  readonly keys: TestKeys;
  /** The names of its list; null for all that are alive. */
  readonly hosts: readonly string[] | null;
  readonly gateway?: Partial<GatewayOptions>;
  readonly server?: Partial<ServerOptions>;
}): Promise<TestGateway> {
  const { nats, keys, hosts } = options;
  const folder = mkdtempSync(join(tmpdir(), 'hvql-gateway-'));
  const [list, key] = [join(folder, 'hosts.json'), join(folder, 'key.json')];
  writeFileSync(list, JSON.stringify({ hosts }));
  writeFileSync(key, JSON.stringify({ ...(await exportJWK(keys.key.key)), kid: keys.key.id }));
  const { log, lines } = readableLog();
  const revocations = new Revocations();
  const audit: string[] = [];
  const gateway = await openGateway({
    nats: addressOf(nats),
    hosts: hosts === null ? null : list,
    gatewayKey: key,
    hostDeadlineMilliseconds: 60_000,
    maxFleetBytes: 1_048_576,
    limits: testLimits,
    version: '1.2.3',
    log,
    now: Date.now,
    ...options.gateway,
  });
  const ofFleet = { log, now: Date.now, requiresHost: true, grantsHosts: true, hostName: () => '*' };
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    schema: createFleetSchema(),
    limits: testLimits,
    introspection: 'on',
    identity: await developmentIdentity({ ...ofFleet, host: '127.0.0.1', secret, revocations }),
    contextOf: gateway.contextOf,
    execute: gateway.execute,
    subscribe: gateway.subscribe,
    closeStreams: gateway.closeStreams,
    ready: gateway.ready,
    revocations,
    audit: (line) => audit.push(line),
    log,
    graphiql: null,
    now: Date.now,
    ...options.server,
  });
  const token = ({ partitionId = 'root', hosts: named = '*', expiresAt, subject }: TestCaller = {}) => {
    const claims = callerClaims({ partitionId, privileges: new Set(allPrivileges) }, named);
    const made = new SignJWT({ ...claims, ...(subject === undefined ? {} : { sub: subject }) });
    if (expiresAt !== undefined) made.setExpirationTime(Math.floor(expiresAt / 1_000));
    return made.setProtectedHeader({ alg: 'HS256' }).sign(secret);
  };
  const ask = async (query: string, caller?: TestCaller): Promise<Answer> =>
    post(server.url, { token: await token(caller), query });
  return {
    gateway,
    server,
    revocations,
    lines,
    audit,
    token,
    ask,
    answering: (count) =>
      until(async () => {
        const { data } = await ask('{ fleet { hosts(filter: { status: ANSWERING }) { totalCount } } }');
        return data.fleet.hosts.totalCount === count;
      }),
    close: async () => {
      await server.close();
      await gateway.close();
      rmSync(folder, { recursive: true });
    },
  };
}
