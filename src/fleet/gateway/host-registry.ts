/** The hosts of a gateway: those in its list, or those that are alive. */
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Subscription, NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { messageOf, UsageError } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import { hostNameNeed, isHostName } from '../../snapshot/host-name.ts';
import { clockToleranceMilliseconds } from '../delegated-token.ts';
import { parseAlive, type Alive } from '../message.ts';
import { everyAlive, hostOfSubject } from '../subject.ts';

/** A host counts as gone when it has missed two heartbeats, and some time for a third has passed. */
const aliveForMilliseconds = 12_000;

/** How long a host that is not in the list is remembered after it was last alive. */
const rememberedMilliseconds = 60_000;

/** More hosts than this are not remembered: a client of NATS could invent names. */
const mostHosts = 10_000;

export const hostStatuses = ['ANSWERING', 'SOURCE_FAILING', 'UNREACHABLE'] as const;
export type HostStatus = (typeof hostStatuses)[number];

/** The state of a host, as callers see it. */
export interface KnownHost {
  readonly name: string;
  /** null before it was first alive. */
  readonly alive: Alive | null;
  /** When it was last alive, by the gateway's clock, in milliseconds since 1970; null before. */
  readonly seenAt: number | null;
  readonly status: HostStatus;
  /** The offset of its clock, if too large for it to verify tokens; else null. */
  readonly clockOffsetMilliseconds: number | null;
}

/** The stored state of a host. */
interface Entry {
  alive: Alive | null;
  seenAt: number | null;
  /** It has missed a deadline, and gets no requests until a probe succeeds. */
  isOpen: boolean;
  isProbed: boolean;
}

/** Receives a host that is alive again. `isOther`: another process with the same name has replaced it. */
export type ReturnListener = (host: string, how: { readonly isOther: boolean }) => void;

/** Options of the registry. */
export interface HostRegistryOptions {
  /** File with `{"hosts": ["web-17"]}`; null for all that are alive. */
  readonly path: string | null;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Sends a probe to a host; resolves if the host responds. */
  readonly probe: (host: string) => Promise<unknown>;
}

/** The hosts of a fleet, and which of them can be queried. */
export class HostRegistry {
  readonly #options: HostRegistryOptions;
  #listed: ReadonlySet<string> | null;
  readonly #entries = new Map<string, Entry>();
  #watcher: FSWatcher | null = null;
  #subscription: Subscription | null = null;
  readonly #onReturn = new Set<ReturnListener>();

  /** Throws a UsageError if the list is invalid. */
  constructor(options: HostRegistryOptions) {
    this.#options = options;
    const { path, log } = options;
    this.#listed = path === null ? null : readHostList(path);
    if (path === null) return;
    // Watches the folder, because editors replace files.
    this.#watcher = watch(dirname(path), (_, changed) => {
      if (changed !== null && changed !== basename(path)) return;
      try {
        this.#listed = readHostList(path);
        log.info({ hosts: this.#listed.size }, 'the list of hosts was reloaded');
      } catch (thrown) {
        log.error({ err: thrown }, 'the list of hosts could not be reloaded; the previous one stays in use');
      }
    });
  }

  /** Starts to track which hosts are alive. */
  listen(connection: NatsConnection): void {
    this.#subscription = connection.subscribe(everyAlive, {
      callback: (error, { subject, data }) => {
        if (error !== null) return;
        const [host, alive] = [hostOfSubject(subject), parseAlive(data)];
        if (host !== null && alive !== null && isHostName(host)) this.#note(host, alive);
      },
    });
  }

  /** All hosts, by name. */
  all(): readonly KnownHost[] {
    const oldest = this.#options.now() - rememberedMilliseconds;
    const names =
      this.#listed ??
      new Set([...this.#entries].filter(([, { seenAt }]) => (seenAt ?? 0) > oldest).map(([name]) => name));
    return [...names].sort().map((name) => this.#known(name));
  }

  /** How many hosts have each status. */
  counts(): Readonly<Record<HostStatus, number>> {
    const counts = { ANSWERING: 0, SOURCE_FAILING: 0, UNREACHABLE: 0 };
    for (const { status } of this.all()) counts[status] += 1;
    return counts;
  }

  /** One host; null if it is unknown. */
  get(name: string): KnownHost | null {
    if (this.#listed === null ? !this.#entries.has(name) : !this.#listed.has(name)) return null;
    return this.#known(name);
  }

  /** Why a host gets no requests; null if it does. */
  problem(name: string): string | null {
    const entry = this.#entries.get(name);
    if (entry?.isOpen === true) return 'it has missed a deadline and has not responded since';
    return null;
  }

  /** Records that a host has missed a deadline. */
  missed(name: string): void {
    this.#entry(name).isOpen = true;
  }

  /** Records that a host has sent a message, so no probe is needed. */
  answered(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.isOpen = false;
  }

  /** Calls back when a host is available again; returns a function that removes the listener. */
  onReturn(listener: ReturnListener): () => void {
    this.#onReturn.add(listener);
    return () => this.#onReturn.delete(listener);
  }

  close(): void {
    this.#watcher?.close();
    this.#subscription?.unsubscribe();
  }

  #entry(name: string): Entry {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { alive: null, seenAt: null, isOpen: false, isProbed: false };
      this.#entries.set(name, entry);
    }
    return entry;
  }

  #note(name: string, alive: Alive): void {
    if (this.#listed !== null && !this.#listed.has(name)) return;
    if (!this.#entries.has(name) && this.#entries.size >= mostHosts) this.#forgetOldest();
    const entry = this.#entry(name);
    const isBack = !isRecent(entry.seenAt, this.#options.now());
    const isOther = entry.alive !== null && entry.alive.instance !== alive.instance;
    entry.alive = alive;
    entry.seenAt = this.#options.now();
    // A new process with the same name has not missed a deadline.
    if (isOther) entry.isOpen = false;
    if (isOther || isBack) for (const listener of this.#onReturn) listener(name, { isOther });
    if (!entry.isOpen || entry.isProbed) return;
    entry.isProbed = true;
    void this.#options
      .probe(name)
      .then(
        () => (entry.isOpen = false),
        () => undefined,
      )
      .finally(() => (entry.isProbed = false));
  }

  #forgetOldest(): void {
    const [first] = this.#entries.keys();
    if (first !== undefined) this.#entries.delete(first);
  }

  #known(name: string): KnownHost {
    const { alive, seenAt, isOpen } = this.#entries.get(name) ?? { alive: null, seenAt: null, isOpen: false };
    const offset = alive === null || seenAt === null ? 0 : alive.at - seenAt;
    const clockOffsetMilliseconds = Math.abs(offset) > clockToleranceMilliseconds ? offset : null;
    const isAlive = isRecent(seenAt, this.#options.now());
    const isFailing = alive?.isAnswering === false || clockOffsetMilliseconds !== null;
    const status = !isAlive || isOpen ? 'UNREACHABLE' : isFailing ? 'SOURCE_FAILING' : 'ANSWERING';
    return { name, alive, seenAt, status, clockOffsetMilliseconds };
  }
}

function isRecent(seenAt: number | null, now: number): boolean {
  return seenAt !== null && now - seenAt < aliveForMilliseconds;
}

/** The names in a list of hosts. Throws a UsageError for any other file. */
export function readHostList(path: string): ReadonlySet<string> {
  const refuse = (problem: string): UsageError => new UsageError([`The list of hosts ${path} ${problem}.`]);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  } catch (thrown) {
    throw refuse(`cannot be read: ${messageOf(thrown)}`);
  }
  const names: unknown = isObject(value) ? value['hosts'] : null;
  if (!Array.isArray(names)) throw refuse('needs {"hosts": ["web-17", "web-18"]}');
  const wrong = (names as readonly unknown[]).filter((name) => typeof name !== 'string' || !isHostName(name));
  if (wrong.length === 0) return new Set(names as readonly string[]);
  throw refuse(
    `has ${wrong.map((name) => JSON.stringify(name)).join(', ')}, where ${hostNameNeed} is needed`,
  );
}
