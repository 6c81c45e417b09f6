/** One kind of traffic, and what an attempt at it is given. */
import type { Agent } from 'node:http';
import type { OutageService } from './outage/outage-service.ts';
import type { Answer } from './answer.ts';
import type { Callers } from './callers.ts';
import type { Random } from './random.ts';
import type { KindName } from './expectation.ts';

/** The data of all attempts. */
export interface StormWorld {
  readonly port: number;
  /** Its clients are the guest. */
  readonly guestSocket: string;
  /** Where the same service speaks TLS. */
  readonly securePort: number;
  readonly callers: Callers;
  /** The page folder that the service reads. */
  readonly pages: string;
  /** The service that has outages; null without one. */
  readonly outageService: OutageService | null;
  readonly random: Random;
  /** Of the connections that are kept. */
  readonly agent: Agent | false;
  /** Texts that no response may contain: the service's secret, and the path of its pages. */
  readonly unspeakable: readonly string[];
  /** Aborted once the traffic is over, for visits that would only wait. */
  readonly over: AbortSignal;
}

/** The data of one attempt. */
export interface Visit extends StormWorld {
  /** Aborted where it takes longer than anything may: then all that it has opened is closed. */
  readonly signal: AbortSignal;
}

/** One kind of traffic. Its attempt gives what was answered; nothing where the traffic was over before an answer. */
export interface Kind {
  readonly name: KindName;
  readonly attempt: (visit: Visit) => Promise<readonly Answer[]>;
}

/** Kinds from a table of them by their names. */
export function kindsOf(table: Partial<Readonly<Record<KindName, Kind['attempt']>>>): readonly Kind[] {
  return Object.entries(table).map(([name, attempt]) => ({ name: name as KindName, attempt }));
}

/** Some milliseconds, or fewer where the signal comes first. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}
