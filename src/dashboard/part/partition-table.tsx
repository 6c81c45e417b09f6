/** The table of partitions, sorted and filtered by the service. */
import { Bar, Sparkline } from '../chart/sparkline.tsx';
import type { Response } from '../connection/client.ts';
import type { Overview } from './overview.ts';
import { addressOf, place, setOption } from '../reading/address.ts';
import { formatNumber, formatPages, formatPercent } from '../reading/format.ts';
import type { Frames } from '../reading/frames.ts';
import type { SortColumn, TableOrder } from './partition-order.ts';
import { NameFilter } from './name-filter.tsx';
import { errorAt, Problem } from './problem.tsx';

type Page = Overview['partitions'];
type Row = NonNullable<Page>['nodes'][number];

const columns: readonly (readonly [column: SortColumn | null, title: string])[] = [
  ['id', 'Partition'],
  [null, 'Processors'],
  ['busy', 'Busy'],
  [null, 'Last minutes'],
  ['hypercalls', 'Hypercalls /s'],
  ['interrupts', 'Interrupts /s'],
  ['memory', 'Memory'],
];

/** The table with its filter field. */
export function PartitionTable({
  page,
  response,
  frames,
  order,
}: {
  readonly page: Page;
  readonly response: Response<unknown> | null;
  readonly frames: Frames;
  readonly order: TableOrder;
}) {
  const path = ['hypervisor', 'partitions'];
  return (
    <section aria-labelledby="partitions">
      <h2 id="partitions">Partitions</h2>
      <div class="filter">
        <NameFilter />
        {page !== null && (
          <span role="status">
            {page.nodes.length === page.totalCount
              ? `${page.totalCount} partitions`
              : `The first ${page.nodes.length} of ${page.totalCount} partitions`}
          </span>
        )}
      </div>
      <Problem error={errorAt(response, path)} />
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of partitions">
        <table class="partitions">
          <thead>
            <tr>
              {columns.map(([column, title]) => (
                <HeadCell key={title} column={column} title={title} order={order} />
              ))}
            </tr>
          </thead>
          <tbody>
            {page?.nodes.map((row, n) => (
              <PartitionRow
                key={row.id}
                row={row}
                frames={frames}
                response={response}
                path={[...path, 'nodes', n]}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function HeadCell({
  column,
  title,
  order,
}: {
  readonly column: SortColumn | null;
  readonly title: string;
  readonly order: TableOrder;
}) {
  if (column === null) return <th scope="col">{title}</th>;
  const isSorted = order.column === column;
  // By id, the service pages in ascending order only.
  const next = isSorted && order.direction === 'DESC' && column !== 'id' ? 'asc' : 'desc';
  const sort = isSorted && (column === 'id' || order.direction === 'ASC') ? 'ascending' : 'descending';
  return (
    <th scope="col" aria-sort={isSorted ? sort : 'none'}>
      <button type="button" onClick={() => setOption('sort', `${column}.${next}`)}>
        {title}
        <span aria-hidden="true">{isSorted ? (sort === 'ascending' ? ' ▲' : ' ▼') : ' ↕'}</span>
      </button>
    </th>
  );
}

function PartitionRow({
  row,
  frames,
  response,
  path,
}: {
  readonly row: Row;
  readonly frames: Frames;
  readonly response: Response<unknown> | null;
  readonly path: readonly (string | number)[];
}) {
  const { partitionId, name, isRoot, counters, virtualProcessorTotals: totals } = row;
  const { host } = place.value;
  const rates = totals?.rates ?? null;
  const ratesError = errorAt(response, [...path, 'virtualProcessorTotals', 'rates']);
  const memoryError = errorAt(response, [...path, 'counters']);
  return (
    <tr>
      <th scope="row">
        <a href={addressOf({ host, page: 'partition', of: partitionId })}>
          {name ?? (isRoot ? 'root' : `Partition ${partitionId}`)}
        </a>{' '}
        <small>{partitionId}</small>
      </th>
      <td>
        {totals === null
          ? '–'
          : totals.readable === totals.of
            ? totals.of
            : `${totals.readable} of ${totals.of}`}
      </td>
      <td>
        {ratesError === null ? (
          <>
            <Bar share={rates?.totalRunTime} />{' '}
            {rates?.interval.reset ? 'reset' : formatPercent(rates?.totalRunTime)}
          </>
        ) : (
          <Problem error={ratesError} />
        )}
      </td>
      <td>
        <Sparkline frames={frames} of={partitionId} />
      </td>
      <td>{formatNumber(rates?.hypercalls)}</td>
      <td>{formatNumber(rates?.virtualInterrupts)}</td>
      <td>{memoryError === null ? formatPages(counters?.gpaPages) : <Problem error={memoryError} />}</td>
    </tr>
  );
}
