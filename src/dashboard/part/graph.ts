/** The documents about the objects of a host, alone and in a fleet. */
import type { GraphDocument } from '../connection/document.ts';
import * as fleet from '../generated/fleet.ts';
import * as host from '../generated/host.ts';

type Pair = GraphDocument<unknown, unknown>;

/** The overview, live. */
export const overview: Pair = { alone: host.overviewDocument, inFleet: fleet.overviewDocument };
/** The overview with rates over a short time, once. */
export const overviewNow: Pair = { alone: host.overviewNowDocument, inFleet: fleet.overviewNowDocument };
/** The history of the logical processors. */
export const overviewPast: Pair = { alone: host.overviewPastDocument, inFleet: fleet.overviewPastDocument };
/** The history of partitions in the table. */
export const partitionRowsPast: Pair = {
  alone: host.partitionRowsPastDocument,
  inFleet: fleet.partitionRowsPastDocument,
};
/** A partition, live. */
export const partition: Pair = { alone: host.partitionDocument, inFleet: fleet.partitionDocument };
/** The history of the virtual processors of a partition. */
export const partitionPast: Pair = {
  alone: host.partitionPastDocument,
  inFleet: fleet.partitionPastDocument,
};
/** A logical processor, live. */
export const logicalProcessor: Pair = {
  alone: host.logicalProcessorDocument,
  inFleet: fleet.logicalProcessorDocument,
};
/** The history of a logical processor. */
export const logicalProcessorPast: Pair = {
  alone: host.logicalProcessorPastDocument,
  inFleet: fleet.logicalProcessorPastDocument,
};
