/** GET /metrics: the counters that the caller may read, in the text format of Prometheus or in OpenMetrics. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { AccessDenied } from '../../access/rule.ts';
import { HvqlError, type HttpErrorCode } from '../../errors.ts';
import type { MetricFormat } from '../../metrics/metric-family.ts';
import { healthText } from '../../metrics/service-health.ts';
import { auditDenied } from '../audit.ts';
import type { ServedMetrics } from '../context.ts';
import { metricsPath, type GraphqlExchange } from './graphql-exchange.ts';
import { preferredType } from './header.ts';
import { HttpError } from './http-error.ts';

export const metricsMethods = { subject: metricsPath, allowed: ['GET', 'HEAD'] };

/** The formats, the preferred one first, which every client can read. */
const mediaTypes = [
  'text/plain; version=0.0.4; charset=utf-8',
  'application/openmetrics-text; version=1.0.0; charset=utf-8',
] as const;
const formats = {
  [mediaTypes[0]]: 'text',
  [mediaTypes[1]]: 'openmetrics',
} as const satisfies Record<(typeof mediaTypes)[number], MetricFormat>;

const ends = { text: '', openmetrics: '# EOF\n' } as const satisfies Record<MetricFormat, string>;

/** The format that the client prefers. Throws NOT_ACCEPTABLE if it accepts neither. */
export function metricsFormat({ headers }: IncomingMessage): {
  readonly mediaType: string;
  readonly format: MetricFormat;
} {
  const mediaType = preferredType(headers.accept, mediaTypes);
  if (mediaType !== null) return { mediaType, format: formats[mediaType] };
  throw new HttpError(
    'NOT_ACCEPTABLE',
    `Metrics are ${mediaTypes.join(' or ')}; the Accept header allows neither.`,
  );
}

/** Sends the parts in order, and the end marker of the format. Caches must not serve them to other callers. */
export function sendMetrics(
  response: ServerResponse,
  {
    mediaType,
    format,
    parts,
  }: { readonly mediaType: string; readonly format: MetricFormat; readonly parts: readonly Buffer[] },
): void {
  const all = [...parts, Buffer.from(ends[format])];
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': all.reduce((sum, { length }) => sum + length, 0),
    'cache-control': 'private, no-store',
    vary: 'accept',
  });
  if (response.req.method !== 'HEAD') for (const part of all) response.write(part);
  response.end();
}

/** Answers a request for metrics, after the same checks as an operation. Rejects with an HttpError or UNAUTHENTICATED. */
export async function answerMetrics(
  exchange: GraphqlExchange,
  { counters, health, mayReadHealth = ({ partitionId }) => partitionId === 'root' }: ServedMetrics,
): Promise<void> {
  await exchange.authenticate(metricsMethods);
  const { request, response, caller, budget, search, server, signal } = exchange;
  server.budgets.check(exchange);
  const { mediaType, format } = metricsFormat(request);
  if (counters === null) {
    if (!mayReadHealth(caller)) {
      const message = 'Access denied: the metrics of this service are for the root of all hosts.';
      throw new HttpError('ACCESS_DENIED', message, { facts: { reason: 'NOT_ROOT' } });
    }
    const text = health === null ? '' : healthText(await health(), format);
    if (exchange.isGone) return;
    server.health?.observe('metrics', 'ok', exchange.startedAt);
    sendMetrics(response, { mediaType, format, parts: [Buffer.from(text)] });
    return;
  }
  try {
    const selection = counters.selection(search);
    const { bytes, denied, isRoot } = await counters.scrape({ caller, budget, signal, selection, format });
    audit(exchange, denied);
    // Charts select counters; only a scrape without a selection includes the service's health.
    const own = isRoot && selection.isWhole && health !== null ? healthText(await health(), format) : '';
    if (exchange.isGone) return;
    exchange.server.health?.observe('metrics', 'ok', exchange.startedAt);
    sendMetrics(response, { mediaType, format, parts: [bytes, Buffer.from(own)] });
  } catch (thrown) {
    if (!(thrown instanceof HvqlError) || thrown instanceof HttpError) throw thrown;
    if (thrown instanceof AccessDenied) audit(exchange, [thrown]);
    const { code, message, extensions: facts } = thrown;
    const status = code === 'LIMIT_EXCEEDED' ? { status: 400 } : {};
    throw new HttpError(code as HttpErrorCode, message, { ...status, facts });
  }
}

function audit(exchange: GraphqlExchange, denied: readonly AccessDenied[]): void {
  const errors = denied.map((error) => new GraphQLError(error.message, { originalError: error }));
  auditDenied(exchange, errors);
}
