/** Hosts and gateways in this process, over a real nats-server. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK } from 'jose';
import type { LiveOperations } from '../../src/execution/live/live-operations.ts';
import { allPrivileges, type Caller } from '../../src/access/caller.ts';
import { connectToNats, type NatsSettings } from '../../src/fleet/connection.ts';
import {
  openDelegated,
  signDelegated,
  type FleetGrant,
  type GatewayKey,
  type VerifyDelegated,
} from '../../src/fleet/delegated-token.ts';
import { HostQuestions } from '../../src/fleet/gateway/host-questions.ts';
import { openFleetHost, type FleetHost } from '../../src/fleet/host/fleet-host.ts';
import { Revocations } from '../../src/revocation/revocations.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { systemClock } from '../../src/snapshot/moment.ts';
import { testLimits } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { startGraphService } from '../server/graph-service.ts';
import { readableLog, type TestService } from '../server/test-service.ts';

const never = new AbortController().signal;

/** The key of a gateway, and the file with its public half that hosts are given. */
export interface TestKeys {
  readonly key: GatewayKey;
  readonly path: string;
  remove(): void;
}

export async function makeKeys(kid = 'a'): Promise<TestKeys> {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-gateway-'));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const path = join(folder, 'gateways.json');
  const jwk = await exportJWK(publicKey);
  writeFileSync(path, JSON.stringify({ keys: [{ ...jwk, kid, alg: 'EdDSA' }] }));
  const remove = (): void => rmSync(folder, { recursive: true });
  return { key: { key: privateKey, algorithm: 'EdDSA', id: kid }, path, remove };
}

export function addressOf(url: string): NatsSettings {
  return { url, creds: null, ca: null, cert: null, key: null };
}

/** A host that has joined, with a source that the test controls. */
export interface TestHost {
  readonly name: string;
  readonly source: FakeSource;
  readonly service: TestService;
  readonly live: LiveOperations;
  readonly fleet: FleetHost;
  readonly revocations: Revocations;
  /** Reads the keys of the gateways again. */
  readonly renewKeys: () => Promise<void>;
  readonly lines: string[];
  close(): Promise<void>;
}

export interface TestHostOptions {
  readonly nats: NatsSettings;
  readonly name: string;
  readonly gatewayKeys: string | null;
  /** Milliseconds by which its clock is ahead. */
  readonly clockAhead?: number;
  readonly source?: FakeSource;
  /** Replaces the verification with its keys. */
  readonly verify?: VerifyDelegated;
}

/** Starts a host: partition 1 is the root, 5 a guest. It may not have joined yet. */
export async function openHost(options: TestHostOptions): Promise<TestHost> {
  const { nats, name, gatewayKeys, clockAhead = 0 } = options;
  const source = options.source ?? new FakeSource();
  if (options.source === undefined)
    source.partitions = [partitionEntry(1n, null, 4), partitionEntry(5n, 1n, 4), partitionEntry(9n, 1n, 4)];
  const sampler = new Sampler({ source, clock: systemClock, timeoutMilliseconds: 20_000 });
  const health = () => sampler.health;
  const facts = { version: '1.2.3', host: name, limits: testLimits, introspection: 'on' as const, health };
  const world = { sampler, service: facts };
  const service = await startGraphService(() => world);
  const { log, lines } = readableLog();
  const now = (): number => Date.now() + clockAhead;
  const revocations = new Revocations();
  const { verify, renewKeys } = await openDelegated({ gatewayKeys, hostName: name, log, now, revocations });
  const fleet = openFleetHost({
    nats,
    hostName: name,
    server: service.context,
    verify: options.verify ?? verify,
    revocations,
    version: '1.2.3',
    health,
    log,
    now,
  });
  const close = async (): Promise<void> => {
    await fleet.close();
    await service.close();
  };
  return { name, source, service, live: service.live, fleet, revocations, renewKeys, lines, close };
}

/** A caller with all privileges for these hosts. */
export function grant(
  partitionId: Caller['partitionId'],
  hosts: FleetGrant['hosts'] = '*',
  expiresAt: number | null = null,
): FleetGrant {
  return { caller: { partitionId, privileges: new Set(allPrivileges) }, hosts, expiresAt };
}

/** Sends requests to hosts as a gateway does, without its graph. */
export async function openGateway(nats: string | NatsSettings, key: GatewayKey | null) {
  const { log } = readableLog();
  const settings = typeof nats === 'string' ? addressOf(nats) : nats;
  const connection = await connectToNats(settings, {
    name: 'test',
    inboxPrefix: '_INBOX',
    log,
    signal: never,
  });
  const questions = new HostQuestions({ connection, maxReplyBytes: 16_777_216 });
  const authorize = async (given: FleetGrant): Promise<string> =>
    `Bearer ${await signDelegated(given, { key, now: Date.now() })}`;
  return {
    connection,
    questions,
    authorize,
    /** The response of a host to the parameters of a request. */
    ask: async (host: string, parameters: object, given: FleetGrant = grant('root')): Promise<any> => {
      const authorization = await authorize(given);
      const body = Buffer.from(JSON.stringify(parameters));
      return JSON.parse((await questions.ask({ host, body, authorization }, 60_000)).toString());
    },
    close: () => connection.close(),
  };
}
