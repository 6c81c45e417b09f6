/** The columns of the table of partitions, and their sort orders in the service. */
import type { PartitionOrder } from '../generated/host.ts';

/** A column that the table can be sorted by. */
export type SortColumn = 'id' | 'busy' | 'hypercalls' | 'interrupts' | 'memory';

/** The sort order of the table. */
export interface TableOrder {
  readonly column: SortColumn;
  readonly direction: 'ASC' | 'DESC';
  /** null: by id. */
  readonly orderBy: PartitionOrder | null;
}

const orders: Readonly<Record<SortColumn, (direction: 'ASC' | 'DESC') => PartitionOrder | null>> = {
  id: () => null,
  busy: (direction) => ({ virtualProcessors: { counter: 'TOTAL_RUN_TIME', direction } }),
  hypercalls: (direction) => ({ virtualProcessors: { counter: 'HYPERCALLS', direction } }),
  interrupts: (direction) => ({ virtualProcessors: { counter: 'VIRTUAL_INTERRUPTS', direction } }),
  memory: (direction) => ({ partition: { counter: 'GPA_PAGES', direction } }),
};

/** The sort order in the address; by default, the busiest partitions first. */
export function orderOf(options: URLSearchParams): TableOrder {
  const [name = '', way = ''] = (options.get('sort') ?? '').split('.');
  const column = Object.hasOwn(orders, name) ? (name as SortColumn) : 'busy';
  const direction = way === 'asc' ? 'ASC' : 'DESC';
  return { column, direction, orderBy: orders[column](direction) };
}
