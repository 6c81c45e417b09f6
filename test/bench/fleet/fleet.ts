/** The duration of queries to a fleet, compared with the goals of docs/fleet.md. */
import { setTimeout } from 'node:timers/promises';
import { until } from '../../until.ts';
import { processorMilliseconds } from '../processor-time.ts';
import { openClient, type Client, type TimedAnswer } from './asking.ts';
import { fleetQueries, isBusiest, isList, type Answer } from './fleet-query.ts';
import { costsText, figuresText, quantile, type Cost, type Figure } from './figures.ts';
import { missedEvents, openWatchers } from './watching.ts';
import { hangingHosts, openFleetGround, type FleetGround } from './ground.ts';

/** What is measured. */
export interface FleetBenchOptions {
  readonly hosts: number;
  /** Questions of each kind. */
  readonly rounds: number;
  /** Folder for CPU profiles; null for none. */
  readonly profile: string | null;
  readonly tell: (what: string) => void;
}

/** The default of --host-deadline. */
const deadlineMilliseconds = 2_000;
const absentHosts = 20;
/** How often a client asks: rates over a second are from readings that are 0.9 to 2 seconds old, and this is between. */
const askedEachMilliseconds = 1_400;
/** How often a watcher gets an event. */
const everyMilliseconds = 1_000;
/** Complete answers one after another before anything is measured: by then V8 has compiled the code. */
const warmingRounds = 10;
/** Hosts whose code is cold miss the deadline: the gateway asks them again as soon as they answer its probes. */
const mostWarmingRounds = 60;
const oneHostRounds = 20;
const idleMilliseconds = 20_000;
const liveWatchers = 100;
const liveMilliseconds = 15_000;

/** Measures, and returns the tables. */
export async function fleetText({ hosts, rounds, profile, tell }: FleetBenchOptions): Promise<string> {
  const ground = await openFleetGround({ hosts, profile, tell });
  const client = openClient(ground.gateway.url, ground.token);
  const direct = openClient(ground.direct.url, ground.token);
  try {
    const measured = new Measurement(ground, { client, direct, rounds, tell });
    await measured.allAlive();
    const costs: Record<string, Cost> = {};
    const figures: Figure[] = [];
    for (const by of ['value', 'rate'] as const) {
      tell(`The busiest ten by ${by}`);
      const query = by === 'value' ? fleetQueries.busiestByValue : fleetQueries.busiest;
      const busiest = (costs[`busiest 10 by ${by}`] = await measured.of(query, isBusiest));
      figures.push(
        { what: `busiest 10 virtual processors by ${by}, p95`, value: p95(busiest), goal: 1_000, unit: 'ms' },
        { what: '— processor time of the gateway', value: busiest.gateway, goal: 120, unit: 'ms' },
        { what: '— answers that lack a host', value: busiest.incomplete, goal: 0, unit: '' },
      );
    }
    tell('The list');
    const list = (costs['list'] = await measured.of(fleetQueries.list, (answer) =>
      isList(answer, { names: ground.names, unreachable: [] }),
    ));
    figures.push(
      { what: `list of ${hosts} hosts, p95`, value: p95(list), goal: 600, unit: 'ms' },
      { what: '— processor time of the gateway', value: list.gateway, goal: 60, unit: 'ms' },
      { what: '— answers that lack a host', value: list.incomplete, goal: 0, unit: '' },
    );
    tell('One host');
    const { asked, through } = await measured.oneHost();
    costs['one host, directly'] = asked;
    costs['one host, through the gateway'] = through;
    const more = median(through) - median(asked);
    figures.push(
      { what: 'one host through the gateway, more than directly', value: more, goal: 2, unit: 'ms' },
      { what: '— processor time of the gateway', value: through.gateway, goal: 1.5, unit: 'ms' },
    );
    tell('Absent hosts');
    const absent = Array.from({ length: absentHosts }, (_, n) => `absent-${n}`);
    const withAbsent = (costs[`list, ${absentHosts} hosts absent`] = await measured.withMore(absent));
    figures.push({
      what: `list with ${absentHosts} absent hosts, median beside without`,
      value: median(withAbsent) / median(list),
      goal: 1.25,
      unit: '×',
    });
    tell('Hung hosts');
    const { first, isFirstComplete, later } = await measured.hung();
    costs[`list, ${hangingHosts} hosts hung, later ones`] = later;
    figures.push(
      {
        what: `first list with ${hangingHosts} hung hosts${isFirstComplete ? '' : ' (others are missing)'}`,
        value: first,
        goal: deadlineMilliseconds + 100,
        unit: 'ms',
      },
      {
        what: 'later ones, median beside without',
        value: median(later) / median(list),
        goal: 1.25,
        unit: '×',
      },
    );
    tell('Live');
    const { missed, share } = await measured.live();
    figures.push(
      { what: `live, ${liveWatchers} watchers each second, missed ticks`, value: missed, goal: 0, unit: '' },
      { what: '— processor of the gateway', value: share, goal: 25, unit: '%' },
    );
    tell('Idle');
    figures.push({
      what: 'idle, processor of the gateway',
      value: await measured.idle(),
      goal: 3,
      unit: '%',
    });
    return [
      `${hosts} simulated hosts in ${ground.hosts.length + 1} processes, nats-server and a gateway; ${rounds} questions of each kind, a second apart or one after the other.`,
      'All share the processors of this machine: the hosts of a real fleet have their own.',
      '',
      figuresText(figures),
      '',
      costsText(costs),
      '',
    ].join('\n');
  } finally {
    client.close();
    direct.close();
    await ground.close();
  }
}

function p95({ milliseconds }: Cost): number {
  return quantile(milliseconds, 0.95);
}
function median({ milliseconds }: Cost): number {
  return quantile(milliseconds, 0.5);
}

class Measurement {
  readonly #ground: FleetGround;
  readonly #client: Client;
  readonly #direct: Client;
  readonly #rounds: number;
  readonly #tell: (what: string) => void;

  constructor(
    ground: FleetGround,
    parts: {
      readonly client: Client;
      readonly direct: Client;
      readonly rounds: number;
      readonly tell: (what: string) => void;
    },
  ) {
    this.#ground = ground;
    this.#client = parts.client;
    this.#direct = parts.direct;
    this.#rounds = parts.rounds;
    this.#tell = parts.tell;
  }

  /** Waits until the gateway knows that all hosts are alive. */
  async allAlive(): Promise<void> {
    const query = '{ fleet { hosts(filter: { status: ANSWERING }) { totalCount } } }';
    await until(async () => {
      const { totalCount } = (await this.#client.ask(query)).answer.data.fleet.hosts;
      return totalCount === this.#ground.names.length;
    });
    this.#tell('All hosts are alive');
  }

  /** Asks until the answers are complete and the code is warm, and then as often as is measured. */
  async of(
    query: string,
    isComplete: (answer: Answer) => boolean,
    { warming = warmingRounds }: { readonly warming?: number } = {},
  ): Promise<Cost> {
    for (let asked = 0, complete = 0; complete < warming && asked < mostWarmingRounds; asked += 1) {
      const { answer } = await this.#askInTime(query);
      complete = isComplete(answer) ? complete + 1 : 0;
    }
    const milliseconds: number[] = [];
    let incomplete = 0;
    const spent = this.#processorTime();
    for (let n = 0; n < this.#rounds; n += 1) {
      const timed = await this.#askInTime(query);
      if (!isComplete(timed.answer)) incomplete += 1;
      milliseconds.push(timed.milliseconds);
    }
    return { milliseconds, incomplete, ...spent(this.#rounds) };
  }

  async #askInTime(query: string): Promise<TimedAnswer> {
    const next = setTimeout(askedEachMilliseconds);
    const timed = await this.#client.ask(query);
    await next;
    return timed;
  }

  /** Asks one host directly and through the gateway, in turns; the processor time is that of both. */
  async oneHost(): Promise<{ readonly asked: Cost; readonly through: Cost }> {
    const [name = ''] = this.#ground.names;
    const count = this.#rounds * oneHostRounds;
    const ask = async (client: Client, query: string): Promise<number> => {
      const { milliseconds, answer } = await client.ask(query);
      if (answer.errors !== undefined)
        throw new Error(`one host has answered ${JSON.stringify(answer.errors)}`);
      return milliseconds;
    };
    const turns: Record<'asked' | 'through', number[]> = { asked: [], through: [] };
    const round = async (): Promise<void> => {
      turns.asked.push(await ask(this.#direct, fleetQueries.direct));
      turns.through.push(await ask(this.#client, fleetQueries.one(name)));
    };
    for (let n = 0; n < count; n += 1) await round();
    turns.asked = [];
    turns.through = [];
    const spent = this.#processorTime();
    for (let n = 0; n < count; n += 1) await round();
    const cost = spent(count);
    return {
      asked: { milliseconds: turns.asked, incomplete: 0, ...cost, gateway: 0 },
      through: { milliseconds: turns.through, incomplete: 0, ...cost },
    };
  }

  /** The list with more hosts than exist. */
  async withMore(more: readonly string[]): Promise<Cost> {
    this.#ground.list(more);
    const size = this.#ground.names.length + more.length;
    const query = '{ fleet { hosts { totalCount } } }';
    const count = async (): Promise<number> =>
      (await this.#client.ask(query)).answer.data.fleet.hosts.totalCount;
    await until(async () => (await count()) === size);
    const cost = await this.of(
      fleetQueries.list,
      (answer) => isList(answer, { names: this.#ground.names, unreachable: more }),
      { warming: 2 },
    );
    this.#ground.list([]);
    await until(async () => (await count()) !== size);
    return cost;
  }

  /** The list while some hosts do not respond. */
  async hung(): Promise<{ readonly first: number; readonly isFirstComplete: boolean; readonly later: Cost }> {
    const { names } = this.#ground;
    const hanging = { names, unreachable: names.slice(-hangingHosts) };
    this.#ground.signalHanging('SIGSTOP');
    const { milliseconds: first, answer } = await this.#client.ask(fleetQueries.list);
    const later = await this.of(fleetQueries.list, (each) => isList(each, hanging), { warming: 0 });
    this.#ground.signalHanging('SIGCONT');
    return { first, isFirstComplete: isList(answer, hanging), later };
  }

  /** Many clients watch the same: events that did not come, of all of them, and percent of a processor. */
  async live(): Promise<{ readonly missed: number; readonly share: number }> {
    const { gateway, token } = this.#ground;
    const watched = { token, query: fleetQueries.live, count: liveWatchers };
    const watchers = await openWatchers(gateway.url, watched);
    // The first events are made while the streams to all hosts are opened.
    await until(() => watchers.times.every(({ length }) => length > warmingRounds));
    const [began, share] = [performance.now(), await this.#shareOver(liveMilliseconds)];
    watchers.close();
    const since = watchers.times.map((times) => times.filter((time) => time >= began));
    return { missed: since.reduce((sum, times) => sum + missedEvents(times, everyMilliseconds), 0), share };
  }

  /** Percent of a processor that the gateway uses while it has no requests. */
  idle(): Promise<number> {
    return this.#shareOver(idleMilliseconds);
  }

  async #shareOver(milliseconds: number): Promise<number> {
    const { pid } = this.#ground.gateway;
    const [began, before] = [performance.now(), processorMilliseconds(pid)];
    await setTimeout(milliseconds);
    return (100 * (processorMilliseconds(pid) - before)) / (performance.now() - began);
  }

  /** Begins to count; the function gives what each of that number of questions has taken. */
  #processorTime(): (questions: number) => Pick<Cost, 'gateway' | 'hosts' | 'nats'> {
    const { gateway, direct, hosts, nats } = this.#ground;
    const now = () => ({
      gateway: processorMilliseconds(gateway.pid),
      hosts: [direct.pid, ...hosts].reduce((sum, pid) => sum + processorMilliseconds(pid), 0),
      nats: processorMilliseconds(nats),
    });
    const before = now();
    return (questions) => {
      const after = now();
      return {
        gateway: (after.gateway - before.gateway) / questions,
        hosts: (after.hosts - before.hosts) / questions,
        nats: (after.nats - before.nats) / questions,
      };
    };
  }
}
