/** Objects whose counters can be drawn, and the documents for them. */
import type { CounterTemplate, GraphTemplate } from '../connection/document.ts';
import * as fleet from '../generated/fleet.ts';
import * as host from '../generated/host.ts';
import type { Sample } from '../reading/frames.ts';
import type { CounterObject } from './definitions.ts';

/** The part of an event or a sample that concerns the drawn counter. */
interface Shown {
  readonly counters?: { readonly value: string | null } | null;
  readonly rates?: { readonly interval?: Interval; readonly rate: number | null } | null;
  readonly interval?: Interval | null;
}
interface Interval {
  readonly seconds: number;
  readonly reset: boolean;
}
interface PastSample extends Shown {
  readonly at: string;
}

/** An object of a page. */
export interface DrawnObject {
  readonly object: CounterObject;
  readonly live: GraphTemplate;
  readonly past: GraphTemplate;
  readonly variables: object;
  /** The time of an event and its reading of the counter; null if it could not be read. */
  readonly event: (data: never) => { readonly at: string; readonly shown: Shown | null };
  readonly samples: (data: never) => readonly PastSample[] | null | undefined;
}

/** A template with the type of its results; results of a fleet are unwrapped to the same type. */
interface Pair<Result> {
  readonly alone: CounterTemplate<Result, unknown>;
  readonly inFleet: CounterTemplate<unknown, unknown>;
}

/** A template with the functions that read its results. Their types are erased, because a page has several kinds. */
function drawn<Live, Past>(parts: {
  readonly object: CounterObject;
  readonly live: Pair<Live>;
  readonly past: Pair<Past>;
  readonly variables: object;
  readonly event: (data: Live) => { readonly at: string; readonly shown: Shown | null };
  readonly samples: (data: Past) => readonly PastSample[] | null | undefined;
}): DrawnObject {
  return parts;
}

/** The hypervisor, and the totals of its logical processors. */
export const ofHypervisor: readonly DrawnObject[] = [
  drawn({
    object: 'HYPERVISOR',
    live: { alone: host.drawHypervisorTemplate, inFleet: fleet.drawHypervisorTemplate },
    past: { alone: host.drawHypervisorPastTemplate, inFleet: fleet.drawHypervisorPastTemplate },
    variables: {},
    event: ({ hypervisor }) => ({ at: hypervisor.sampledAt, shown: hypervisor }),
    samples: ({ hypervisor }) => hypervisor.history,
  }),
  drawn({
    object: 'LOGICAL_PROCESSOR',
    live: {
      alone: host.drawLogicalProcessorTotalsTemplate,
      inFleet: fleet.drawLogicalProcessorTotalsTemplate,
    },
    past: {
      alone: host.drawLogicalProcessorTotalsPastTemplate,
      inFleet: fleet.drawLogicalProcessorTotalsPastTemplate,
    },
    variables: {},
    event: ({ hypervisor }) => ({ at: hypervisor.sampledAt, shown: hypervisor.logicalProcessorTotals }),
    samples: ({ hypervisor }) => hypervisor.logicalProcessorTotals?.history,
  }),
];

/** One logical processor. */
export function ofLogicalProcessor(index: number): readonly DrawnObject[] {
  return [
    drawn({
      object: 'LOGICAL_PROCESSOR',
      live: { alone: host.drawLogicalProcessorTemplate, inFleet: fleet.drawLogicalProcessorTemplate },
      past: { alone: host.drawLogicalProcessorPastTemplate, inFleet: fleet.drawLogicalProcessorPastTemplate },
      variables: { index },
      event: ({ hypervisor }) => ({ at: hypervisor.sampledAt, shown: hypervisor.logicalProcessor }),
      samples: ({ hypervisor }) => hypervisor.logicalProcessor?.history,
    }),
  ];
}

/** A partition, and the totals of its virtual processors; null is the caller's own. */
export function ofPartition(partition: string | null): readonly DrawnObject[] {
  const variables = { partition };
  return [
    drawn({
      object: 'PARTITION',
      live: { alone: host.drawPartitionTemplate, inFleet: fleet.drawPartitionTemplate },
      past: { alone: host.drawPartitionPastTemplate, inFleet: fleet.drawPartitionPastTemplate },
      variables,
      event: (data) => ({ at: data.partition.sampledAt, shown: data.partition }),
      samples: (data) => data.partition?.history,
    }),
    drawn({
      object: 'VIRTUAL_PROCESSOR',
      live: {
        alone: host.drawVirtualProcessorTotalsTemplate,
        inFleet: fleet.drawVirtualProcessorTotalsTemplate,
      },
      past: {
        alone: host.drawVirtualProcessorTotalsPastTemplate,
        inFleet: fleet.drawVirtualProcessorTotalsPastTemplate,
      },
      variables,
      event: (data) => ({ at: data.partition.sampledAt, shown: data.partition.virtualProcessorTotals }),
      samples: (data) => data.partition?.virtualProcessorTotals?.history,
    }),
  ];
}

/** One reading of the counter for a chart: its rate if it has one, otherwise its value. */
export function sampleOf(at: string, shown: Shown | null, hasRate: boolean): Sample {
  const interval = shown?.rates?.interval ?? shown?.interval ?? null;
  const value = shown?.counters?.value ?? null;
  if (!hasRate) return { at: Date.parse(at), value: value === null ? null : Number(value) };
  return {
    at: Date.parse(at),
    seconds: interval?.seconds,
    value: shown?.rates?.rate,
    reset: interval?.reset,
  };
}
