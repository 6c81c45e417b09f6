/** The service's own health as metrics of prom-client, aggregated over processes. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { codeTable } from '../errors.ts';
import type { SourceState } from '../sampling/guard/guarded-source.ts';
import { escapeLabelValue } from './label.ts';
import {
  LatencyHistogram,
  type MeasuredOutcome,
  type MeasuredTransport,
  type MetricValue,
} from './latency-histogram.ts';
import { headOf, type MetricFormat } from './metric-family.ts';

/** A metric with its values: plain JSON, as processes send it to each other. */
export interface HealthMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly MetricValue[];
}

/** The metrics of one process. */
export type HealthReport = readonly HealthMetric[];

/** The values that are read for each scrape. */
export interface HealthSources {
  /** null for a service without a source. */
  readonly source: (() => SourceState) | null;
  readonly openStreams: () => number;
  readonly openConnections: () => number;
  /** Lines of the audit trail that could not be written and were lost. */
  readonly auditLinesDropped: () => number;
  /** null without a fleet. */
  readonly fleet: (() => FleetState) | null;
}

/** The state of a gateway's fleet. */
export interface FleetState {
  /** Whether there is a connection to NATS. */
  readonly isConnected: boolean;
  /** The number of hosts with each status. */
  readonly hosts: Readonly<Record<string, number>>;
  /** Streams from hosts. */
  readonly streams: number;
}

/** Fine enough for a lag that clients notice. With 20 ms, the wake-ups alone took 3 ms of a processor each second. */
const lagResolutionMilliseconds = 100;

/** Counts what happens in this process. What runs for each request allocates nothing. */
export class ServiceHealth {
  readonly #registry = new Registry();
  readonly #latency = new LatencyHistogram();
  readonly #eventLag: Histogram;
  readonly #refusals = new Map<string, number>();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: lagResolutionMilliseconds });
  #hotPathHits = 0;
  #connections: () => number = () => 0;

  constructor({
    source,
    openStreams,
    auditLinesDropped,
    fleet = null,
  }: Omit<HealthSources, 'openConnections' | 'fleet'> & Partial<Pick<HealthSources, 'fleet'>>) {
    const registers = [this.#registry];
    this.#loopDelay.enable();
    this.#registry.registerMetric(this.#latency as unknown as Histogram);
    this.#eventLag = new Histogram({
      name: 'hvql_event_lag_seconds',
      help: 'Time from when a tick of subscriptions is due until all its streams have been offered it.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    const count = (name: string, help: string, current: () => number): void =>
      void new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(current());
        },
      });
    const level: AddLevel = (name, { help, of, aggregator = 'sum' }) =>
      void new Gauge({
        name,
        help,
        registers,
        aggregator,
        collect() {
          const value = of();
          this.remove();
          if (value !== null) this.set(value);
        },
      });
    count('hvql_hot_path_hits_total', 'Requests that the hot path has answered.', () => this.#hotPathHits);
    count('hvql_audit_lines_dropped_total', 'Lines of the audit trail that were lost.', auditLinesDropped);
    const refusals = this.#refusals;
    new Counter({
      name: 'hvql_refused_total',
      help: 'Requests, operations and connections that were refused, by the code of the error.',
      labelNames: ['code'],
      registers,
      collect() {
        this.reset();
        for (const [code, value] of refusals) this.inc({ code }, value);
      },
    });
    level('hvql_open_streams', { help: 'Open subscriptions.', of: openStreams });
    level('hvql_open_connections', {
      help: 'Open connections of all listeners.',
      of: () => this.#connections(),
    });
    if (source !== null) addSourceMetrics(source, { level, registers });
    if (fleet !== null) addFleetMetrics(fleet, { level, registers });
    const delay = this.#loopDelay;
    level('hvql_event_loop_lag_seconds', {
      help: 'The longest time since the last scrape that the event loop was late.',
      of: () => {
        // An interval of the monitor itself is not a lag. Without one yet, the maximum is 0.
        const longest = Math.max(0, delay.max / 1e9 - lagResolutionMilliseconds / 1e3);
        delay.reset();
        return longest;
      },
      aggregator: 'max',
    });
    level('process_resident_memory_bytes', { help: 'Resident memory.', of: () => process.memoryUsage.rss() });
    level('nodejs_heap_used_bytes', {
      help: 'Used memory of the JavaScript heap.',
      of: () => process.memoryUsage().heapUsed,
    });
    count('process_cpu_seconds_total', 'Processor time of the process.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
  }

  /** Records the result or the rejection of an operation or a scrape. */
  observe(transport: MeasuredTransport, outcome: MeasuredOutcome, startedAt: number): void {
    this.#latency.observe(transport, outcome, (performance.now() - startedAt) / 1e3);
  }

  /** Records a rejection with this code; codes of plugins are counted together. */
  refuse(code: unknown): void {
    const known = typeof code === 'string' && Object.hasOwn(codeTable, code) ? code : 'OTHER';
    this.#refusals.set(known, (this.#refusals.get(known) ?? 0) + 1);
  }

  hitHotPath(): void {
    this.#hotPathHits += 1;
  }

  /** Records the delay of a scheduler's tick. */
  observeEventLag(seconds: number): void {
    this.#eventLag.observe(seconds);
  }

  /** Sets the function that counts open connections; called once. */
  countConnections(count: HealthSources['openConnections']): void {
    this.#connections = count;
  }

  /** What has been counted in this process. */
  async report(): Promise<HealthReport> {
    return (await this.#registry.getMetricsAsJSON()) as unknown as HealthReport;
  }
}

/** Adds a gauge. */
type AddLevel = (
  name: string,
  level: {
    readonly help: string;
    readonly of: () => number | null;
    readonly aggregator?: 'sum' | 'min' | 'max';
  },
) => void;

interface Added {
  readonly level: AddLevel;
  readonly registers: Registry[];
}

function addSourceMetrics(source: () => SourceState, { level, registers }: Added): void {
  level('hvql_snapshot_age_seconds', {
    help: 'Time since the source last answered.',
    of: () => source().ageSeconds,
    aggregator: 'min',
  });
  level('hvql_snapshot_read_seconds', {
    help: 'Time that the last read of the source took.',
    of: () => source().readSeconds,
    aggregator: 'max',
  });
  level('hvql_source_answering', {
    help: 'Whether the source has answered when it was last asked; absent before the first time.',
    of: () => {
      const { isAnswering } = source();
      return isAnswering === null ? null : Number(isAnswering);
    },
    aggregator: 'min',
  });
  new Gauge({
    name: 'hvql_source_circuit_open',
    help: 'Whether the source is not called for now because it kept failing, by what is asked of it.',
    labelNames: ['call'],
    aggregator: 'max',
    registers,
    collect() {
      const { isTopologyCircuitOpen, isReadingCircuitOpen } = source();
      this.set({ call: 'topology' }, Number(isTopologyCircuitOpen));
      this.set({ call: 'read' }, Number(isReadingCircuitOpen));
    },
  });
}

function addFleetMetrics(fleet: () => FleetState, { level, registers }: Added): void {
  level('hvql_nats_connected', {
    help: 'Whether there is a connection to NATS.',
    of: () => Number(fleet().isConnected),
  });
  level('hvql_host_streams', { help: 'Streams from hosts.', of: () => fleet().streams });
  new Gauge({
    name: 'hvql_hosts',
    help: 'Known hosts, by their status.',
    labelNames: ['status'],
    registers,
    collect() {
      for (const [status, value] of Object.entries(fleet().hosts)) this.set({ status }, value);
    },
  });
}

/** The metrics of several processes: their sum, or the minimum or maximum if a sum has no meaning. */
export function addUp(reports: readonly HealthReport[]): Promise<HealthReport> {
  const [only] = reports;
  if (reports.length === 1 && only !== undefined) return Promise.resolve(only);
  const registry = AggregatorRegistry.aggregate(reports.map((report) => [...report]) as object[]);
  return registry.getMetricsAsJSON() as unknown as Promise<HealthReport>;
}

/** The metrics whose values only increase: they remain valid after the process has exited. */
export function countersOf(report: HealthReport): HealthReport {
  return report.filter(({ type }) => type !== 'gauge');
}

/** The text of a report, without an end mark. Prom-client's own names counters twice `_total` where it has added them up. */
export function healthText(report: HealthReport, format: MetricFormat): string {
  return report
    .filter(({ values }) => values.length > 0)
    .map(({ name, help, type, values }) => {
      const family = type === 'counter' ? name.replace(/_total$/, '') : name;
      const unit = /_(seconds|bytes)$/.exec(family)?.[1] ?? null;
      const head = headOf({ name: family, type, unit: unit as 'seconds' | 'bytes' | null, help }, format);
      const lines = values.map(
        ({ labels, value, metricName = name }) => `${metricName}${labelsText(labels)} ${value}\n`,
      );
      return head.toString() + lines.join('');
    })
    .join('');
}

function labelsText(labels: MetricValue['labels']): string {
  const texts = Object.entries(labels).map(
    ([label, value]) => `${label}="${escapeLabelValue(String(value))}"`,
  );
  return texts.length === 0 ? '' : `{${texts.join(',')}}`;
}
