/** The operations that virtual processors request of the hypervisor: their rate and their average cost. */
import { Bar } from '../chart/sparkline.tsx';
import type { ResponseError } from '../connection/client.ts';
import type { PartitionSubscription } from '../generated/host.ts';
import { operationsOfCost } from '../generated/operations-of-cost.ts';
import { formatNumber } from '../reading/format.ts';
import { definitionOf } from './definitions.ts';
import { Problem } from './problem.tsx';

type Totals = NonNullable<PartitionSubscription['partition']['virtualProcessorTotals']>;
type Rates = NonNullable<Totals['rates']>;

/** A class of operations that the hypervisor does for a virtual processor. */
interface Row {
  readonly field: string;
  readonly perSecond: number;
  readonly nanoseconds: number | null;
  /** Nanoseconds per second, of all processors together. */
  readonly together: number;
}

/** The classes with operations in the interval, sorted by total time. */
export function CostlyOperations({
  rates,
  error,
}: {
  readonly rates: Rates | null;
  readonly error: ResponseError | null;
}) {
  const rows = rates === null ? [] : rowsOf(rates);
  const most = rows[0]?.together ?? 0;
  return (
    <section aria-labelledby="operations">
      <h2 id="operations">Hypervisor operations</h2>
      <Problem error={error} />
      {rates?.interval.reset === true && <p class="problem">The totals were reset in this interval.</p>}
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of operations">
        <table>
          <thead>
            <tr>
              <th scope="col">Operation</th>
              <th scope="col">Per second</th>
              <th scope="col">Average cost</th>
              <th scope="col">Share of the cost</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ field, perSecond, nanoseconds, together }) => {
              const definition = definitionOf('VIRTUAL_PROCESSOR', field);
              return (
                <tr key={field}>
                  <th scope="row" title={definition?.description}>
                    {definition?.title ?? field}
                  </th>
                  <td>{formatNumber(perSecond)}</td>
                  <td>{nanoseconds === null ? '–' : `${formatNumber(nanoseconds)} ns`}</td>
                  <td>
                    <Bar share={most === 0 ? 0 : (100 * together) / most} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {rates !== null && rows.length === 0 && <p>None in this interval.</p>}
    </section>
  );
}

function rowsOf(rates: Rates): readonly Row[] {
  const numbers = rates as unknown as Readonly<Record<string, number | null | undefined>>;
  return Object.entries(operationsOfCost)
    .flatMap(([cost, field]): Row[] => {
      const perSecond = numbers[field] ?? null;
      // Counters that are not reported are omitted. Without operations in the interval, there is no cost.
      if (perSecond === null || perSecond === 0) return [];
      const nanoseconds = numbers[cost] ?? null;
      return [{ field, perSecond, nanoseconds, together: perSecond * (nanoseconds ?? 0) }];
    })
    .sort((one, other) => other.together - one.together);
}
