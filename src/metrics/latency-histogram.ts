/** The latency of requests by transport and outcome. Replaces prom-client's histogram. */

export const transports = ['POST', 'GET', 'SSE', 'WebSocket', 'NATS', 'metrics'] as const;
/** ok: without errors, or a stream has begun. errors: with data and errors. refused: without data. */
export const outcomes = ['ok', 'errors', 'refused'] as const;
export type MeasuredTransport = (typeof transports)[number];
export type MeasuredOutcome = (typeof outcomes)[number];

/** Upper bounds in seconds, as text and as numbers. */
const bounds = '0.0001 0.00025 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10'.split(' ');
const boundsInSeconds = Float64Array.from(bounds, Number);

/** One value of a metric, in prom-client's format. */
export interface MetricValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Present if it differs from the name of the metric. */
  readonly metricName?: string;
}

/** What was counted for one transport and outcome. */
interface Series {
  readonly labels: { readonly transport: MeasuredTransport; readonly outcome: MeasuredOutcome };
  /** By bucket; the last one is for all that is longer. */
  readonly counts: Float64Array;
  sumInSeconds: number;
}

/** A metric that a registry of prom-client reads. An observation takes tens of nanoseconds and allocates nothing. */
export class LatencyHistogram {
  readonly name = 'hvql_request_duration_seconds';
  readonly help =
    'Time from the start of a request to its result, or to its refusal, without the time of sending it.';
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #series: readonly Series[] = transports.flatMap((transport) =>
    outcomes.map((outcome) => ({
      labels: { transport, outcome },
      counts: new Float64Array(bounds.length + 1),
      sumInSeconds: 0,
    })),
  );

  observe(transport: MeasuredTransport, outcome: MeasuredOutcome, seconds: number): void {
    const series = this.#series[transports.indexOf(transport) * outcomes.length + outcomes.indexOf(outcome)];
    if (series === undefined) return;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (boundsInSeconds[bucket] ?? Infinity)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sumInSeconds += seconds;
  }

  reset(): void {
    for (const series of this.#series) {
      series.counts.fill(0);
      series.sumInSeconds = 0;
    }
  }

  /** In the format of prom-client's histograms. */
  get(): Promise<object> {
    const values = this.#series.flatMap((series) => this.#valuesOf(series));
    const { name, help, type, aggregator } = this;
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  #valuesOf({ labels, counts, sumInSeconds }: Series): MetricValue[] {
    let sum = 0;
    const buckets = [...bounds, '+Inf'].map((le, n) => {
      sum += counts[n] ?? 0;
      return { labels: { le, ...labels }, value: sum, metricName: `${this.name}_bucket` };
    });
    return [
      ...buckets,
      { labels, value: sumInSeconds, metricName: `${this.name}_sum` },
      { labels, value: sum, metricName: `${this.name}_count` },
    ];
  }
}
