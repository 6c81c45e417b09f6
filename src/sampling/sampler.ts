/** The one way to the source: looks with time limits, readings held for the next question, and how it has been going. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Clock } from '../snapshot/moment.ts';
import { objectKey } from '../snapshot/object-name.ts';
import type { Readings } from '../snapshot/reading.ts';
import type { Topology } from '../snapshot/topology.ts';
import type { Source } from '../source/source.ts';
import { withinDeadline } from './deadline.ts';
import { Grid } from './grid.ts';
import { HeldReadings } from './held-readings.ts';
import { OperationLook } from './operation-look.ts';

/** How a sampler reads. */
export interface SamplerOptions {
  readonly source: Source;
  /** How long one reading of the source may take. */
  readonly timeoutMilliseconds: number;
  /** Told of what nobody expected while ticks went on. */
  readonly onError?: (error: unknown) => void;
  /** Told when the source stops answering, with the reason, and when it answers again, with null. */
  readonly onTurn?: (reason: unknown) => void;
  /** Waits between two readings; the system's timer where nothing else is given. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** What growth is taken over where a question does not say. */
  readonly defaultOver?: number;
  /** The service's own clock, for the age of the last success. */
  readonly clock: Clock;
}

/** How the source has been answering; nothing in it tells a stranger where the source is. */
export interface SourceHealth {
  readonly kind: string;
  /** Wall clock of the last success; null before the first. */
  readonly lastReadAt: number | null;
  /** Whether the last answer was a success; null before the first. */
  readonly isAnswering: boolean | null;
}

/** Reads a source for whoever asks. Between questions nothing runs. */
export class Sampler {
  readonly #source: Source;
  readonly #timeoutMilliseconds: number;
  readonly #defaultOver: number;
  readonly #clock: Clock;
  readonly #wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #onTurn: (reason: unknown) => void;
  readonly #held = new HeldReadings();
  readonly #grids = new Map<number, Grid>();
  #health: SourceHealth;
  #lastSuccessNanoseconds: bigint | null = null;

  constructor(options: SamplerOptions) {
    this.#source = options.source;
    this.#timeoutMilliseconds = options.timeoutMilliseconds;
    this.#defaultOver = options.defaultOver ?? 1000;
    this.#clock = options.clock;
    this.#onError = options.onError ?? (() => {});
    this.#onTurn = options.onTurn ?? (() => {});
    this.#wait = options.wait ?? waitFully;
    this.#health = { kind: options.source.kind, lastReadAt: null, isAnswering: null };
  }

  get health(): SourceHealth {
    return this.#health;
  }

  /** Which objects exist now. Rejects with PAGE_UNAVAILABLE where the source fails or takes too long. */
  topology(signal: AbortSignal): Promise<Topology> {
    return this.#ask((limited) => this.#source.topology(limited), signal);
  }

  /** A look for one operation; it ends with the signal. */
  look(signal: AbortSignal): OperationLook {
    return new OperationLook({
      defaultOver: this.#defaultOver,
      read: (objects) => this.#read(objects, signal),
      wait: (milliseconds) => this.#wait(milliseconds, signal),
      findHeld: (key, asked) => this.#held.find(key, asked),
    });
  }

  /** The grid of ticks at this distance that all share. */
  grid(everyMilliseconds: number): Grid {
    for (const [every, { isWatched }] of this.#grids) if (!isWatched) this.#grids.delete(every);
    const grid =
      this.#grids.get(everyMilliseconds) ??
      new Grid({
        everyMilliseconds,
        clock: this.#clock,
        topology: (signal) => this.topology(signal),
        read: (objects, signal) => this.#read(objects, signal),
        onError: this.#onError,
      });
    this.#grids.set(everyMilliseconds, grid);
    return grid;
  }

  /** Resolves if the source answered within the last so many milliseconds, or does now. */
  async checkReady(limits: { signal: AbortSignal; maximumAgeMilliseconds: number }): Promise<void> {
    const age = this.#millisecondsSinceSuccess();
    if (age !== null && age <= limits.maximumAgeMilliseconds) return;
    await this.topology(limits.signal);
    await this.#read([], limits.signal);
  }

  async #read(objects: readonly Granted[], signal: AbortSignal): Promise<Readings> {
    const readings = await this.#ask((limited) => this.#source.read(objects, limited), signal);
    for (const [n, object] of objects.entries()) {
      const reading = readings.outcomes[n];
      if (reading === undefined || reading instanceof HvqlError) continue;
      this.#held.hold(objectKey(object), { at: readings.at, reading });
    }
    return readings;
  }

  #millisecondsSinceSuccess(): number | null {
    if (this.#lastSuccessNanoseconds === null) return null;
    return Number(this.#clock.now().monotonicNanoseconds - this.#lastSuccessNanoseconds) / 1e6;
  }

  async #ask<Answer>(work: (signal: AbortSignal) => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    try {
      const answer = await withinDeadline(work, { signal, milliseconds: this.#timeoutMilliseconds });
      const now = this.#clock.now();
      this.#lastSuccessNanoseconds = now.monotonicNanoseconds;
      if (this.#health.isAnswering === false) this.#onTurn(null);
      this.#health = { ...this.#health, lastReadAt: now.wallMilliseconds, isAnswering: true };
      return answer;
    } catch (error) {
      if (!signal.aborted) {
        if (this.#health.isAnswering !== false) this.#onTurn(error);
        this.#health = { ...this.#health, isAnswering: false };
      }
      throw error;
    }
  }
}

/** Timers may fire up to a millisecond before the steady clock has got there. */
function waitFully(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds + 1, undefined, { signal });
}
