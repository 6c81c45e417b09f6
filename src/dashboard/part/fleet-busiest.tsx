/** The busiest partitions and virtual processors of a whole fleet, as the gateway has ordered them. */
import { Bar } from '../chart/sparkline.tsx';
import type { ResponseError } from '../connection/client.ts';
import type { FleetSubscription } from '../generated/fleet.ts';
import { addressOf } from '../reading/address.ts';
import { formatNumber, formatPercent } from '../reading/format.ts';
import { Problem } from './problem.tsx';

type Fleet = FleetSubscription['fleet'];

/** A line of either table. */
interface Row {
  readonly id: string;
  readonly host: string;
  readonly partition: { readonly partitionId: string; readonly name: string | null };
  readonly detail: string;
  readonly rates: { readonly totalRunTime: number | null; readonly hypercalls: number | null } | null;
}

/** Two tables of ten. */
export function FleetBusiest({
  partitions,
  virtualProcessors,
  errors,
}: {
  readonly partitions: Fleet['partitions'];
  readonly virtualProcessors: Fleet['virtualProcessors'];
  readonly errors: Readonly<Record<'partitions' | 'virtualProcessors', ResponseError | null>>;
}) {
  return (
    <>
      <Table
        title="Busiest partitions"
        error={errors.partitions}
        rows={(partitions ?? []).map((partition) => ({
          ...partition,
          partition,
          detail: `${partition.virtualProcessorTotals?.of ?? 0} processors`,
          rates: partition.virtualProcessorTotals?.rates ?? null,
        }))}
      />
      <Table
        title="Busiest virtual processors"
        error={errors.virtualProcessors}
        rows={(virtualProcessors ?? []).map((processor) => ({
          ...processor,
          detail: `processor ${processor.index}`,
        }))}
      />
    </>
  );
}

function Table({
  title,
  error,
  rows,
}: {
  readonly title: string;
  readonly error: ResponseError | null;
  readonly rows: readonly Row[];
}) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <Problem error={error} />
      <div class="scroll" tabIndex={0} role="region" aria-label={`Table: ${title}`}>
        <table>
          <thead>
            <tr>
              {['Host', 'Partition', 'Busy', 'Hypercalls /s'].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, host, partition, detail, rates }) => (
              <tr key={id}>
                <th scope="row">
                  <a href={addressOf({ host, page: 'overview', of: null })}>{host}</a>
                </th>
                <td>
                  <a href={addressOf({ host, page: 'partition', of: partition.partitionId })}>
                    {partition.name ?? `Partition ${partition.partitionId}`}
                  </a>{' '}
                  <small>{detail}</small>
                </td>
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
