/** The limits of a service: those of its settings, and constants. */
import type { Limits } from '../../graph/context.ts';
import type { FleetLimits } from '../../fleet/gateway/gateway.ts';
import type { ConnectionLimits } from '../../limits/connection-quota.ts';
import { connectionsWithin } from '../../limits/open-files.ts';
import { openFileLimit } from '../../lib/open-file-limit.ts';
import type { HoldingLimits } from '../../sampling/read/held-readings.ts';
import { bodyLimitInBytes } from '../../server/operation-reader.ts';
import { operationLimit } from '../../server/websocket/websocket-connection.ts';
import type { GatewaySettings, ServeSettings } from '../settings/settings.ts';

/** Between two events. */
const maxIntervalMilliseconds = 3_600_000;
/** Deltas and rates over a longer time are for subscriptions, not for a request that waits. */
export const maxWaitMilliseconds = 60_000;
/** As the Relay connections of the schema say. */
const maxPageSize = 100;
/** Four times what the longest field of the schema has. */
export const maxNameLength = 128;
/** Of open subscriptions; parsed, a character takes up to 240 bytes. */
const maxStreamText = 1_048_576;
const maxStreamTextPerCaller = 131_072;
/** Of queries that wait for a second reading, in each process. */
const maxWaiting = 10_000;
const maxWaitingPerCaller = 1_000;
const maxWaitingText = 1_048_576;
const maxWaitingTextPerCaller = 131_072;

/** How much of the past one process holds. */
export function holdingOf({ history, historyBytes }: ServeSettings): HoldingLimits {
  return {
    maximumAgeMilliseconds: Math.max(2 * maxWaitMilliseconds, history),
    maximumBytes: historyBytes,
    historyMilliseconds: history,
  };
}

/** All limits, as `Service.limits` has them. */
export function limitsOf(settings: ServeSettings): Limits {
  const { minInterval, maxTime, maxTokens, maxDepth, maxAliases, maxDirectives, maxListItems } = settings;
  const { maxValues, maxPages, maxStreams, maxStreamsPerCaller, maxStreamValues, maxValuesPerSecond } =
    settings;
  return {
    maxTokens,
    maxDepth,
    maxAliases,
    maxNameLength,
    maxDirectives,
    maxBodyBytes: bodyLimitInBytes,
    maxOperationsPerConnection: operationLimit,
    maxListItems,
    maxValues,
    maxPages,
    maxTimeMilliseconds: maxTime,
    minIntervalMilliseconds: minInterval,
    maxIntervalMilliseconds,
    maxWaitMilliseconds,
    maxPageSize,
    maxStreams,
    maxStreamsPerCaller,
    maxStreamText,
    maxStreamTextPerCaller,
    maxStreamValues,
    maxValuesPerSecond,
    maxWaiting,
    maxWaitingPerCaller,
    maxWaitingText,
    maxWaitingTextPerCaller,
    ...connectionLimitsOf(settings),
  };
}

/** The limits of a gateway on its subscriptions. */
export function gatewayLimitsOf(
  settings: Pick<GatewaySettings, 'minInterval' | 'maxStreams' | 'maxStreamsPerCaller'>,
): FleetLimits {
  const { minInterval: minIntervalMilliseconds, maxStreams, maxStreamsPerCaller } = settings;
  return {
    minIntervalMilliseconds,
    maxIntervalMilliseconds,
    maxStreams,
    maxStreamsPerCaller,
    maxStreamText,
    maxStreamTextPerCaller,
  };
}

/** What the limits on connections are made of; a gateway has neither a source nor workers. */
type ConnectionSettings = Pick<ServeSettings, 'maxConnections' | 'maxConnectionsPerAddress'> &
  Partial<Pick<ServeSettings, 'source' | 'workers'>>;

/**
 * The limits on connections of the whole service. Workers have equal shares, since they get connections in turn, and
 * each leaves some of the files that it may have open to the source.
 */
export function connectionLimitsOf({
  source = '',
  workers = 1,
  maxConnections,
  maxConnectionsPerAddress,
}: ConnectionSettings): ConnectionLimits {
  const within = workers * connectionsWithin(openFileLimit(), source);
  return { maxConnections: Math.min(maxConnections, within), maxConnectionsPerAddress };
}

/** The limits on connections of one process. */
export function connectionShareOf(settings: ConnectionSettings): ConnectionLimits {
  const { maxConnections, maxConnectionsPerAddress } = connectionLimitsOf(settings);
  const shareOf = (all: number): number => Math.ceil(all / (settings.workers ?? 1));
  return {
    maxConnections: shareOf(maxConnections),
    maxConnectionsPerAddress: shareOf(maxConnectionsPerAddress),
  };
}
