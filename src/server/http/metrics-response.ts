/** GET /metrics: the counters that the caller may read, in the text format of Prometheus or in OpenMetrics. */
import { GraphQLError } from 'graphql';
import { AccessDenied } from '../../access/rule.ts';
import { HvqlError, type HttpErrorCode } from '../../errors.ts';
import type { CounterMetrics } from '../../metrics/counter-metrics.ts';
import type { MetricFormat } from '../../metrics/metric-family.ts';
import { auditDenied } from '../audit.ts';
import { metricsPath, type GraphqlExchange } from './graphql-exchange.ts';
import { preferredType } from './header.ts';
import { HttpError } from './http-error.ts';

const methods = { subject: metricsPath, allowed: ['GET', 'HEAD'] };

/** The preferred one first: any client reads it. */
const mediaTypes = [
  'text/plain; version=0.0.4; charset=utf-8',
  'application/openmetrics-text; version=1.0.0; charset=utf-8',
] as const;
const formats = {
  [mediaTypes[0]]: 'text',
  [mediaTypes[1]]: 'openmetrics',
} as const satisfies Record<(typeof mediaTypes)[number], MetricFormat>;

const ends = { text: '', openmetrics: '# EOF\n' } as const satisfies Record<MetricFormat, string>;

/** Answers a request for metrics, after the same checks as an operation. Rejects with an HttpError or UNAUTHENTICATED. */
export async function answerMetrics(exchange: GraphqlExchange, metrics: CounterMetrics): Promise<void> {
  await exchange.authenticate(methods);
  const { request, response, caller, budget, search, server, signal } = exchange;
  server.budgets.check(exchange);
  const mediaType = preferredType(request.headers.accept, mediaTypes);
  if (mediaType === null)
    throw new HttpError(
      'NOT_ACCEPTABLE',
      `Metrics are ${mediaTypes.join(' or ')}: the header Accept has neither.`,
    );
  const format = formats[mediaType];
  try {
    const selection = metrics.selection(search);
    const { bytes, denied } = await metrics.scrape({ caller, budget, signal, selection, format });
    audit(exchange, denied);
    if (exchange.isGone) return;
    const end = Buffer.from(ends[format]);
    response.writeHead(200, {
      'content-type': mediaType,
      'content-length': bytes.length + end.length,
      'cache-control': 'private, no-store',
      vary: 'accept',
    });
    if (request.method !== 'HEAD') response.write(bytes);
    response.end(end);
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
