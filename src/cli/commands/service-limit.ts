/** The limits of a service, from its settings and constants. */
import type { Limits } from '../../graph/context.ts';
import type { FleetLimits } from '../../fleet/gateway/gateway.ts';
import type { ConnectionLimits } from '../../limits/connection-quota.ts';
import { connectionsWithin } from '../../limits/open-files.ts';
import { openFileLimit } from '../../lib/open-file-limit.ts';
import type { HoldingLimits } from '../../sampling/read/held-readings.ts';
import { bodyLimitInBytes } from '../../server/operation-reader.ts';
import { operationLimit } from '../../server/websocket/websocket-connection.ts';
import type { GatewaySettings, ServeSettings } from '../settings/settings.ts';

/** The maximum time between two events. */
const maxIntervalMilliseconds = 3_600_000;
/** Deltas and rates over a longer time are available in subscriptions only, because a query would have to wait. */
export const maxWaitMilliseconds = 60_000;
/** The maximum page size of the connections in the schema. */
const maxPageSize = 100;
/** Four times the length of the longest field name in the schema. */
export const maxNameLength = 128;
/** For open subscriptions. A character takes up to 240 bytes when parsed. */
const maxStreamText = 1_048_576;
const maxStreamTextPerCaller = 131_072;
/** For queries that wait for a second reading, in each process. */
const maxWaiting = 10_000;
const maxWaitingPerCaller = 1_000;
const maxWaitingText = 1_048_576;
const maxWaitingTextPerCaller = 131_072;

/** The limits of the history in one process. */
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

/** The inputs of the limits on connections; a gateway has neither a source nor workers. */
type ConnectionSettings = Pick<ServeSettings, 'maxConnections' | 'maxConnectionsPerAddress'> &
  Partial<Pick<ServeSettings, 'source' | 'workers'>>;

/**
 * The limits on connections of the whole service. Workers have equal shares, because they get connections in turn, and
 * each reserves some of its open file limit for the source.
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
