/** A chart that misses nothing: after each connection it asks for what it has not seen. */
import type { Client as EventStreamClient } from 'graphql-sse';
import type { Client as WebSocketClient } from 'graphql-ws';

interface Busy {
  readonly rates: { readonly totalRunTime: number | null } | null;
}
interface Live {
  readonly partition: { readonly sampledAt: string; readonly virtualProcessorTotals: Busy };
}
interface Past {
  readonly partition: {
    readonly virtualProcessorTotals: { readonly history: readonly (Busy & { readonly at: string })[] };
  };
}

const live = `subscription Busy($id: UInt64!) {
  partition(id: $id) { sampledAt virtualProcessorTotals { rates { totalRunTime } } }
}`;
const past = `query BusyBefore($id: UInt64!) {
  partition(id: $id) { virtualProcessorTotals { history(last: "5m") { at rates { totalRunTime } } } }
}`;

/** Errors and completion are ignored: the next connection sends the query again. */
const ignoring = { error: () => undefined, complete: () => undefined };

/** Percentages of the time of all virtual processors, by the time of the reading; null if not known. */
export class BusyChart {
  readonly points = new Map<string, number | null>();

  /** Follows a partition over a WebSocket until the returned function is called. */
  follow(client: WebSocketClient, id: string): () => void {
    const variables = { id };
    const ignoreConnections = client.on('connected', () => {
      client.subscribe<Past>({ query: past, variables }, { ...ignoring, next: this.#addPast });
    });
    const unsubscribe = client.subscribe<Live>(
      { query: live, variables },
      { ...ignoring, next: this.#addEvent },
    );
    return () => {
      ignoreConnections();
      unsubscribe();
    };
  }

  /** The same over Server-Sent Events, where each subscription has its own connection. */
  followEvents(client: EventStreamClient, id: string): () => void {
    const variables = { id };
    const connected = (): void => {
      client.subscribe<Past>({ query: past, variables }, { ...ignoring, next: this.#addPast });
    };
    return client.subscribe<Live>(
      { query: live, variables },
      { ...ignoring, next: this.#addEvent },
      { connected },
    );
  }

  readonly #addPast = ({ data }: { readonly data?: Past | null }): void => {
    for (const sample of data?.partition.virtualProcessorTotals.history ?? []) this.#add(sample.at, sample);
  };

  readonly #addEvent = ({ data }: { readonly data?: Live | null }): void => {
    if (data != null) this.#add(data.partition.sampledAt, data.partition.virtualProcessorTotals);
  };

  /** An event and a sample of the same reading have the same timestamp, so each reading is drawn once. */
  #add(at: string, { rates }: Busy): void {
    const value = rates?.totalRunTime ?? null;
    if (value !== null || !this.points.has(at)) this.points.set(at, value);
  }
}
