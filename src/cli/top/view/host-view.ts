/** The hosts of a fleet, with totals of their logical processors. */
import { missingCell, numberCell, textCell, type Cell } from './cell.ts';
import { compareCells } from './cell.ts';
import type { Place } from '../answer.ts';
import { selectionOf } from './counter-column.ts';
import {
  argumentsOf,
  counterCell,
  counterColumns,
  leadingColumn,
  type Row,
  type Table,
  type View,
} from './view.ts';
import { printable } from '../../format.ts';

/** The maximum page size of the graph's connections. */
const mostRows = 100;

/** The view of hosts. */
export const hostView: View = {
  name: 'hosts',
  objects: ['LOGICAL_PROCESSOR'],
  defaultColumns: ['totalRunTime', 'hypervisorRunTime', 'contextSwitches'],
  defaultSort: { key: 'totalRunTime', isDescending: true },
  mostRows,
  columns: ({ columns }) => [
    leadingColumn('host', { isNumber: false, isSortable: true }),
    leadingColumn('status', { isNumber: false }),
    leadingColumn('lps'),
    ...counterColumns(columns),
  ],
  selection({ columns, filter, over }) {
    const nameContains = filter === '' ? null : `{ nameContains: ${JSON.stringify(filter)} }`;
    const which = argumentsOf({ first: mostRows, filter: nameContains });
    return (
      `late { name } hosts${which} { totalCount nodes { name status ageSeconds hypervisor { sampledAt ` +
      `logicalProcessorTotals { of readable ${selectionOf(columns, over)} } } } }`
    );
  },
  table(place, wanted): Table {
    const { sort, rows: most } = wanted;
    const columns = hostView.columns(wanted);
    const list = place.at('hosts');
    const late = new Set(place.at('late').items.map((host) => host.at('name').text));
    const at = Math.max(
      0,
      columns.findIndex(({ key }) => key === sort.key),
    );
    const rows = list
      .at('nodes')
      .items.map((host): Row => {
        const totals = host.at('hypervisor', 'logicalProcessorTotals');
        const name = host.at('name').text;
        return {
          cells: [
            { text: printable(name), missing: null, value: name },
            statusCell(host, late.has(name)),
            sizeCell(totals),
            ...wanted.columns.map((column) => counterCell(totals, column)),
          ],
          partitionId: null,
          host: name,
        };
      })
      .toSorted((one, other) => {
        const [a, b] = [one.cells[at], other.cells[at]];
        return a === undefined || b === undefined ? 0 : compareCells(a, b, sort.isDescending);
      });
    const total = list.at('totalCount').scalar;
    return {
      columns,
      rows: rows.slice(0, most),
      total: typeof total === 'number' ? total : null,
      problem: list.error,
      of: '',
    };
  },
};

/** The status, or the age of the numbers if newer ones have not arrived. */
function statusCell(host: Place, isLate: boolean): Cell {
  const status = host.at('status').text.toLowerCase().replaceAll('_', ' ');
  const age = host.at('ageSeconds').scalar;
  return textCell(isLate && typeof age === 'number' ? `stale ${age.toFixed(0)} s` : status);
}

function sizeCell(totals: Place): Cell {
  const of = totals.at('of').scalar;
  if (of !== null) return numberCell(String(of));
  return missingCell(
    totals.error === null ? 'unreported' : totals.error.code === 'ACCESS_DENIED' ? 'denied' : 'failed',
  );
}
