/**
 * A gateway: queries the hosts of a fleet for its callers. Its only state is which hosts are alive, and its open streams.
 */
import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { SubscriptionLimits } from '../../execution/live/subscription-quota.ts';
import type { Introspection, Limits } from '../../graph/context.ts';
import type { FleetState } from '../../metrics/service-health.ts';
import type { Execute } from '../../server/plugins/use-execution.ts';
import type { Subscribe } from '../../server/plugins/use-subscriptions.ts';
import { HvqlError, messageOf, UsageError } from '../../errors.ts';
import type { Requester } from '../../server/context.ts';
import type { FleetCaller } from '../../server/auth/token.ts';
import { isObject } from '../../lib/json.ts';
import { connectToNats, type NatsSettings } from '../connection.ts';
import { signDelegated, type FleetGrant, type GatewayKey } from '../delegated-token.ts';
import { fleetExecutor } from './fleet-executor.ts';
import { FleetOperation, type FleetServices } from './fleet-operation.ts';
import { FleetSubscriptions } from './live/fleet-subscriptions.ts';
import { HostStreams } from './live/host-streams.ts';
import type { FleetContext } from './fleet-context.ts';
import { HostQuestions, hostUnreachable } from './host-questions.ts';
import { HostRegistry } from './host-registry.ts';

/** How long a delegated token is reused; it is valid for 30 seconds. */
const reuseMilliseconds = 20_000;

/** More callers than a gateway has within minutes. */
const mostTokens = 10_000;

/** The limits on the subscriptions of a gateway. */
export type FleetLimits = SubscriptionLimits &
  Pick<Limits, 'minIntervalMilliseconds' | 'maxIntervalMilliseconds'>;

/** The options of a gateway. */
export interface GatewayOptions {
  readonly nats: NatsSettings;
  /** File with the names of the hosts; null for all that are alive. */
  readonly hosts: string | null;
  /** File with the private key that delegated tokens are signed with; null in development mode. */
  readonly gatewayKey: string | null;
  readonly hostDeadlineMilliseconds: number;
  readonly maxFleetBytes: number;
  /** The limits on subscriptions. */
  readonly limits: FleetLimits;
  /** Which callers may read the schema. @default all */
  readonly introspection?: Introspection;
  readonly version: string;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** An open gateway. */
export interface Gateway {
  /** The context of the fleet's resolvers for one operation. */
  readonly contextOf: (requester: Requester) => FleetContext;
  /** Runs a query. */
  readonly execute: Execute;
  /** Runs a subscription. */
  readonly subscribe: Subscribe;
  /** The state of its fleet. */
  readonly state: () => FleetState;
  /** Reloads the key that signs delegated tokens. Rejects with a UsageError if it is invalid, and keeps the previous one. */
  readonly renewKey: () => Promise<void>;
  /** How many subscriptions are open. */
  readonly openStreams: () => number;
  /** Ends all subscriptions. */
  readonly closeStreams: () => void;
  /** Rejects while NATS cannot be reached. */
  readonly ready: () => Promise<void>;
  close(): Promise<void>;
}

/** Opens a gateway, which connects to NATS immediately or later. Rejects with a UsageError if a file is invalid. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { nats, log, now, version, hostDeadlineMilliseconds, maxFleetBytes } = options;
  const readKey = async (): Promise<GatewayKey | null> =>
    options.gatewayKey === null ? null : readGatewayKey(options.gatewayKey);
  let authorize = authorizer(await readKey(), now);
  const closed = new AbortController();
  let connection: NatsConnection | null = null;
  let questions: HostQuestions | null = null;
  const ask: HostQuestions['ask'] = (question, timeout) =>
    questions?.ask(question, timeout) ??
    Promise.reject(hostUnreachable(question.host, 'NATS cannot be reached'));
  const registry = new HostRegistry({
    path: options.hosts,
    log,
    now,
    probe: async (host) => {
      const caller = { partitionId: 'root', privileges: new Set<never>() } as const;
      const authorization = await authorize({ caller, hosts: [host], expiresAt: null });
      return ask({ host, body: probeBody, authorization }, hostDeadlineMilliseconds);
    },
  });
  const streams = new HostStreams({
    registry,
    questions: {
      get isConnected() {
        return questions?.isConnected === true;
      },
      watch: (question, listener) => {
        if (questions === null) throw hostUnreachable(question.host, 'NATS cannot be reached');
        return questions.watch(question, listener);
      },
    },
    authorize: (grant, maximumAge) => authorize(grant, maximumAge),
    hostDeadlineMilliseconds,
    log,
    now,
  });
  const subscriptions = new FleetSubscriptions({ registry, streams, limits: options.limits, maxFleetBytes });
  const { minIntervalMilliseconds: least, maxIntervalMilliseconds: most } = options.limits;
  const connecting = connectToNats(nats, {
    name: 'hvql gateway',
    inboxPrefix: 'hvql.gateway.inbox',
    log,
    signal: closed.signal,
  }).then(async (made) => {
    if (closed.signal.aborted) return made.close();
    connection = made;
    questions = new HostQuestions({
      connection: made,
      maxReplyBytes: maxFleetBytes,
      onReconnect: () => streams.onReconnect(),
    });
    registry.listen(made);
    await made.flush();
    streams.onReconnect();
  });
  try {
    // A file that cannot be read is reported at startup; NATS may become available later.
    await Promise.race([
      connecting,
      new Promise((resolve) => setTimeout(resolve, startMilliseconds).unref()),
    ]);
  } catch (thrown) {
    registry.close();
    throw thrown;
  }
  connecting.catch(() => undefined);
  const services: FleetServices = {
    registry,
    questions: { ask },
    authorize: (grant) => authorize(grant),
    hostDeadlineMilliseconds,
    maxFleetBytes,
  };
  return {
    contextOf: (requester) => {
      const { caller, expiresAt, credential } = requester;
      // A caller whose credentials name no hosts may query none.
      const { hosts = [] } = caller as Partial<FleetCaller>;
      const { subject, tokenId } = credential;
      const grant: FleetGrant = { caller, hosts, expiresAt, token: { subject, tokenId } };
      const fleet = new FleetOperation({
        services,
        grant,
        cancellation: requester,
        variables: variablesOf(requester),
      });
      return { fleet, version, budget: requester.budget, intervals: { least, most } };
    },
    execute: fleetExecutor(options.introspection ?? 'on'),
    subscribe: subscriptions.subscribe,
    state: () => ({
      isConnected: questions?.isConnected === true,
      hosts: registry.counts(),
      streams: streams.size,
    }),
    renewKey: async () => {
      authorize = authorizer(await readKey(), now);
    },
    openStreams: () => subscriptions.size,
    closeStreams: () => subscriptions.close(),
    ready: async () => {
      if (questions?.isConnected !== true) throw new HvqlError('HOST_UNREACHABLE', 'NATS cannot be reached.');
    },
    close: async () => {
      closed.abort();
      subscriptions.close();
      streams.close();
      registry.close();
      questions?.close();
      await connection?.close();
    },
  };
}

/** How long startup waits for NATS. */
const startMilliseconds = 3_000;
const probeBody = Buffer.from(JSON.stringify({ query: '{ __typename }' }));

/** The variables of a request as the client sent them: the host coerces them. */
function variablesOf(requester: object): Readonly<Record<string, unknown>> {
  const { operation } = requester as {
    readonly operation?: { readonly parameters: Record<string, unknown> } | null;
  };
  const variables = operation?.parameters['variables'];
  return isObject(variables) ? variables : {};
}

/** Signs a token for a caller and its rights, and reuses it until it is too old or expires. */
function authorizer(
  key: GatewayKey | null,
  now: () => number,
): (grant: FleetGrant, maximumAgeMilliseconds?: number) => Promise<string> {
  const known = new LRUCache<string, { readonly authorization: Promise<string>; readonly signedAt: number }>({
    max: mostTokens,
  });
  return (grant, maximumAgeMilliseconds = reuseMilliseconds) => {
    const { caller, hosts, expiresAt, token = null } = grant;
    const rights = [caller.partitionId.toString(), [...caller.privileges].sort(), hosts, expiresAt, token];
    const text = JSON.stringify(rights);
    const found = known.get(text);
    const until = Math.min((found?.signedAt ?? 0) + maximumAgeMilliseconds, expiresAt ?? Infinity);
    if (found !== undefined && until > now()) return found.authorization;
    const authorization = signDelegated(grant, { key, now: now() }).then((token) => `Bearer ${token}`);
    known.set(text, { authorization, signedAt: now() });
    return authorization;
  };
}

/** A private key for EdDSA or ES256: PEM, or a JSON Web Key whose `kid` identifies it in the hosts' key set. */
async function readGatewayKey(path: string): Promise<GatewayKey> {
  const refuse = (problem: string): UsageError =>
    new UsageError([
      `The gateway key ${path} ${problem}: expected a private key (Ed25519 or P-256), PEM or JSON Web Key.`,
    ]);
  try {
    const text = await readFile(path, 'utf8');
    const jwk: unknown = text.trimStart().startsWith('{') ? JSON.parse(text) : null;
    const key = isObject(jwk)
      ? createPrivateKey({ key: jwk as never, format: 'jwk' })
      : createPrivateKey(text);
    const id = isObject(jwk) && typeof jwk['kid'] === 'string' ? jwk['kid'] : null;
    if (key.asymmetricKeyType === 'ed25519') return { key, algorithm: 'EdDSA', id };
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return { key, algorithm: 'ES256', id };
  } catch (thrown) {
    throw refuse(`cannot be used (${messageOf(thrown)})`);
  }
  throw refuse('is of another kind');
}
