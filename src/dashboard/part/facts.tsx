/** The size of the machine. */
import type { ResponseError } from '../connection/client.ts';
import type { Overview } from './overview.ts';
import { formatExact, formatPages } from '../reading/format.ts';
import { Problem } from './problem.tsx';

/** The number of objects of each kind. */
export function Facts({
  overview,
  error,
}: {
  readonly overview: Overview | null;
  readonly error: ResponseError | null;
}) {
  const counters = overview?.counters ?? null;
  const facts = [
    ['Logical processors', formatExact(counters?.logicalProcessors)],
    ['Partitions', formatExact(counters?.partitions)],
    ['Virtual processors', formatExact(counters?.virtualProcessors)],
    ["The hypervisor's own memory", formatPages(counters?.totalPages)],
  ] as const;
  return (
    <div class="facts">
      {error === null ? (
        <dl>
          {facts.map(([title, value]) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <Problem error={error} />
      )}
    </div>
  );
}
