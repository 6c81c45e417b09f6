/** What the service's audit trail holds after a storm. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** Its lines, counted. */
export interface TrailCounts {
  readonly opened: number;
  readonly closed: number;
  readonly denied: number;
  /** Lines that are no JSON, or tell of nothing known. */
  readonly malformed: number;
}

/** Reads the trail line by line. */
export async function readTrail(path: string): Promise<TrailCounts> {
  const counts = { opened: 0, closed: 0, denied: 0, malformed: 0 };
  for await (const line of createInterface({ input: createReadStream(path) })) counts[eventOf(line)] += 1;
  return counts;
}

function eventOf(line: string): keyof TrailCounts {
  try {
    const { event } = JSON.parse(line) as { event?: unknown };
    return event === 'opened' || event === 'closed' || event === 'denied' ? event : 'malformed';
  } catch {
    return 'malformed';
  }
}
