/** The ten busiest virtual processors. */
import { Bar } from '../chart/sparkline.tsx';
import type { ResponseError } from '../connection/client.ts';
import type { Overview } from './overview.ts';
import { addressOf, place } from '../reading/address.ts';
import { formatNumber, formatPercent } from '../reading/format.ts';
import { Problem } from './problem.tsx';

/** The list, as the service has ordered it. */
export function Busiest({
  processors,
  error,
}: {
  readonly processors: Overview['virtualProcessors'];
  readonly error: ResponseError | null;
}) {
  const { host } = place.value;
  return (
    <section aria-labelledby="busiest">
      <h2 id="busiest">Busiest virtual processors</h2>
      <Problem error={error} />
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of the busiest virtual processors">
        <table>
          <thead>
            <tr>
              <th scope="col">Virtual processor</th>
              <th scope="col">Busy</th>
              <th scope="col">Hypercalls /s</th>
            </tr>
          </thead>
          <tbody>
            {processors?.map(({ id, index, partition, rates }) => (
              <tr key={id}>
                <th scope="row">
                  <a href={addressOf({ host, page: 'partition', of: partition.partitionId })}>
                    {partition.name ?? `Partition ${partition.partitionId}`}
                  </a>{' '}
                  <small>processor {index}</small>
                </th>
                <td>
                  <Bar share={rates?.totalRunTime} /> {formatPercent(rates?.totalRunTime)}
                </td>
                <td>{formatNumber(rates?.hypercalls)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
