/** The memory counters of a partition: every gauge with the unit page in the catalogue. */
import type { ResponseError } from '../connection/client.ts';
import type { PartitionSubscription } from '../generated/host.ts';
import { formatExact } from '../reading/format.ts';
import { definitionOf } from './definitions.ts';
import { Problem } from './problem.tsx';

/** The current values; counters that this host does not report are omitted. */
export function PartitionMemory({
  counters,
  error,
}: {
  readonly counters: PartitionSubscription['partition']['counters'];
  readonly error: ResponseError | null;
}) {
  const rows = Object.entries(counters ?? {}).filter(([, pages]) => pages !== null);
  return (
    <section aria-labelledby="memory">
      <h2 id="memory">Memory</h2>
      <Problem error={error} />
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of memory">
        <table>
          <thead>
            <tr>
              <th scope="col">Pages</th>
              <th scope="col">Number</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([field, pages]) => {
              const definition = definitionOf('PARTITION', field);
              return (
                <tr key={field}>
                  <th scope="row" title={definition?.description}>
                    {definition?.title ?? field}
                  </th>
                  <td>{formatExact(pages)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
