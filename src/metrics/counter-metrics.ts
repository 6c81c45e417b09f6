/** The counters of a host as metrics: for one caller, from one snapshot, under the rules and limits of GraphQL. */
import { type Access, accessOf } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import type { AccessDenied } from '../access/rule.ts';
import { OperationDeadline } from '../execution/query/deadline.ts';
import type { Limits } from '../graph/context.ts';
import { unlimitedBudget, type ValueBudget } from '../limits/value-budget.ts';
import { setBounded } from '../lib/bounded-map.ts';
import type { OperationSnapshotReader } from '../sampling/read/operation-snapshot-reader.ts';
import type { TakenSnapshot } from '../sampling/read/snapshot.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { eventLoop } from '../sampling/schedule/fair-schedule.ts';
import { runInSlices } from '../sampling/schedule/time-slice.ts';
import { ByteSink } from '../writer/byte-sink.ts';
import { writeExposition } from './exposition.ts';
import type { MetricFormat } from './metric-family.ts';
import { planScrape, type ScrapePlan } from './scrape-plan.ts';
import { parseSelection, type MetricSelection } from './selection.ts';

/** A request for metrics. */
export interface ScrapeRequest {
  readonly caller: Caller;
  /** The budget that the samples are charged to. @default an unlimited one */
  readonly budget?: ValueBudget;
  /** Aborted once the client has gone. */
  readonly signal: AbortSignal;
  readonly selection: MetricSelection;
  readonly format: MetricFormat;
}

/** The samples of a scrape. */
export interface Scrape {
  /** In UTF-8, without an end mark. The same bytes may be given to others with equal rights: they must not change. */
  readonly bytes: Buffer;
  /** Whether the caller is the root partition. */
  readonly isRoot: boolean;
  /** Kinds of object that the request names and the caller may not read. */
  readonly denied: readonly AccessDenied[];
}

/** Plans kept for each access, and texts kept for each snapshot. */
const keptPlans = 16;
const keptTexts = 16;
const keptBytes = 16 * 1024 * 1024;

const noLists: ReadonlySet<bigint> = new Set();

/** Texts of one snapshot. */
interface Texts {
  readonly byPlan: Map<ScrapePlan, Map<MetricFormat, Buffer>>;
  count: number;
  bytes: number;
}

/** Serves the scrapes of one service. */
export class CounterMetrics {
  readonly #sampler: Sampler;
  readonly #limits: Limits;
  readonly #plans = new WeakMap<Access, Map<string, ScrapePlan>>();
  readonly #texts = new WeakMap<TakenSnapshot, Texts>();

  constructor({ sampler, limits }: { readonly sampler: Sampler; readonly limits: Limits }) {
    this.#sampler = sampler;
    this.#limits = limits;
  }

  /** The selection of a query string. Throws BAD_REQUEST or LIMIT_EXCEEDED. */
  selection(search: string): MetricSelection {
    return parseSelection(search, this.#limits);
  }

  /**
   * Reads and writes. Rejects with LIMIT_EXCEEDED above a limit, with ACCESS_DENIED if the request names only objects that
   * the caller may not read, and with PAGE_UNAVAILABLE if the topology cannot be read.
   */
  async scrape(request: ScrapeRequest): Promise<Scrape> {
    const { caller, selection } = request;
    const deadline = new OperationDeadline(request);
    deadline.start(this.#limits.maxTimeMilliseconds);
    try {
      if (!eventLoop.isFree()) await eventLoop.turn(caller.partitionId);
      const lists = selection.families.has('VIRTUAL_PROCESSOR') ? null : noLists;
      const topology = await this.#sampler.topologyFor(deadline, lists);
      const access = accessOf(caller, topology);
      const plan = this.#planFor(access, selection);
      if (plan.problem !== null) throw plan.problem;
      const reader = this.#sampler.readerFor(deadline);
      await reader.readAhead(plan.reads);
      deadline.check();
      const { format, budget = unlimitedBudget } = request;
      const known = this.#known(plan, { reader, format });
      budget.charge(plan.values, known !== null);
      const bytes = known ?? (await this.#write(plan, { reader, deadline, format }));
      return { bytes, isRoot: access.isRoot, denied: plan.denied };
    } finally {
      deadline.stop();
    }
  }

  #planFor(access: Access, selection: MetricSelection): ScrapePlan {
    let plans = this.#plans.get(access);
    if (plans === undefined) this.#plans.set(access, (plans = new Map<string, ScrapePlan>()));
    let plan = plans.get(selection.key);
    if (plan === undefined) {
      plan = planScrape(access, { selection, limits: this.#limits });
      setBounded(plans, { key: selection.key, value: plan, limit: keptPlans });
    }
    return plan;
  }

  /** The text that was written for others; null for none. */
  #known(
    plan: ScrapePlan,
    { reader: { snapshot }, format }: { reader: OperationSnapshotReader; format: MetricFormat },
  ): Buffer | null {
    return (snapshot && this.#texts.get(snapshot)?.byPlan.get(plan)?.get(format)) ?? null;
  }

  async #write(
    plan: ScrapePlan,
    {
      reader,
      deadline,
      format,
    }: { reader: OperationSnapshotReader; deadline: OperationDeadline; format: MetricFormat },
  ): Promise<Buffer> {
    const { snapshot } = reader;
    // A sink of its own: the bytes may be shared, and are released by the garbage collector.
    const sink = new ByteSink();
    await runInSlices(writeExposition(sink, { plan, reader, format }), () => deadline.check());
    const bytes = sink.written();
    if (snapshot !== null) this.#keep(snapshot, { plan, format, bytes });
    return bytes;
  }

  /** Keeps a text as long as its snapshot, for others with the same rights, selection and format. */
  #keep(
    snapshot: TakenSnapshot,
    { plan, format, bytes }: { plan: ScrapePlan; format: MetricFormat; bytes: Buffer },
  ): void {
    const texts: Texts = this.#texts.get(snapshot) ?? { byPlan: new Map(), count: 0, bytes: 0 };
    this.#texts.set(snapshot, texts);
    const size = bytes.buffer.byteLength;
    if (texts.count >= keptTexts || texts.bytes + size > keptBytes) return;
    const byFormat = texts.byPlan.get(plan) ?? new Map<MetricFormat, Buffer>();
    texts.byPlan.set(plan, byFormat);
    if (byFormat.has(format)) return;
    byFormat.set(format, bytes);
    texts.count += 1;
    texts.bytes += size;
  }
}
