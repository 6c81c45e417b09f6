/** A chart that misses nothing: after each connection it asks for what it has not seen. */
import type { Client } from 'graphql-ws';

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

/** Percent of the time of all virtual processors, by the moment of the reading; null is not known. */
export class BusyChart {
  readonly points = new Map<string, number | null>();

  /** Follows a partition until what it returns is called. */
  follow(client: Client, id: string): () => void {
    const variables = { id };
    // An event and a sample of the same reading have the same moment, so neither is drawn twice.
    const add = (at: string, { rates }: Busy): void => {
      const value = rates?.totalRunTime ?? null;
      if (value !== null || !this.points.has(at)) this.points.set(at, value);
    };
    const ignoreConnections = client.on('connected', () => {
      client.subscribe<Past>(
        { query: past, variables },
        {
          next: ({ data }) => {
            for (const sample of data?.partition.virtualProcessorTotals.history ?? []) add(sample.at, sample);
          },
          // The next connection asks again.
          error: () => undefined,
          complete: () => undefined,
        },
      );
    });
    const unsubscribe = client.subscribe<Live>(
      { query: live, variables },
      {
        next: ({ data }) => {
          if (data != null) add(data.partition.sampledAt, data.partition.virtualProcessorTotals);
        },
        error: () => undefined,
        complete: () => undefined,
      },
    );
    return () => {
      ignoreConnections();
      unsubscribe();
    };
  }
}
