/** The busiest objects of a host or a fleet, as sorted by the service. */
import { Bar } from '../chart/sparkline.tsx';
import type { ResponseError } from '../connection/client.ts';
import type { BusyVirtualProcessorFragment } from '../generated/host.ts';
import { addressOf } from '../reading/address.ts';
import { formatNumber, formatPercent } from '../reading/format.ts';
import { Problem } from './problem.tsx';

/** A row of the table. */
export interface BusiestRow {
  readonly id: string;
  /** The host in a fleet; null without a fleet, in which case the column is omitted. */
  readonly host: string | null;
  readonly partition: { readonly partitionId: string; readonly name: string | null };
  readonly detail: string;
  readonly rates: { readonly totalRunTime: number | null; readonly hypercalls: number | null } | null;
}

/** A table of the ten busiest objects. */
export function Busiest({
  title,
  of,
  rows,
  error,
}: {
  readonly title: string;
  readonly of: 'fleet' | 'host';
  readonly rows: readonly BusiestRow[];
  readonly error: ResponseError | null;
}) {
  const heads = ['Partition', 'Busy', 'Hypercalls /s'];
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <Problem error={error} />
      <div class="scroll" tabIndex={0} role="region" aria-label={`Table: ${title}`}>
        <table>
          <thead>
            <tr>
              {(of === 'fleet' ? ['Host', ...heads] : heads).map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, host, partition, detail, rates }) => (
              <tr key={id}>
                {of === 'fleet' && (
                  <td>
                    <a href={addressOf({ host, page: 'overview', of: null })}>{host}</a>
                  </td>
                )}
                <th scope="row">
                  <a href={addressOf({ host, page: 'partition', of: partition.partitionId })}>
                    {partition.name ?? `Partition ${partition.partitionId}`}
                  </a>{' '}
                  <small>{detail}</small>
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

/** Virtual processors as rows; `host` is the host in the address, null without a fleet. */
export function rowsOfProcessors(
  processors: readonly BusyVirtualProcessorFragment[] | null,
  hostOf: (processor: BusyVirtualProcessorFragment) => string | null,
): readonly BusiestRow[] {
  return (processors ?? []).map((processor) => ({
    ...processor,
    host: hostOf(processor),
    detail: `processor ${processor.index}`,
  }));
}
