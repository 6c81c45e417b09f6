/** The content of the service's audit trail after a storm. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** Its lines, counted. */
export interface TrailCounts {
  readonly opened: number;
  readonly closed: number;
  readonly denied: number;
  /** Lines of other events. */
  readonly other: number;
  /** Lines that are no JSON, or have no event. */
  readonly malformed: number;
}

/** Reads the trail line by line. */
export async function readTrail(path: string): Promise<TrailCounts> {
  const counts = { opened: 0, closed: 0, denied: 0, other: 0, malformed: 0 };
  for await (const line of createInterface({ input: createReadStream(path) })) counts[eventOf(line)] += 1;
  return counts;
}

function eventOf(line: string): keyof TrailCounts {
  try {
    const { event } = JSON.parse(line) as { event?: unknown };
    if (event === 'opened' || event === 'closed' || event === 'denied') return event;
    return typeof event === 'string' ? 'other' : 'malformed';
  } catch {
    return 'malformed';
  }
}
