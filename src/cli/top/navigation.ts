/** Navigation between views. */
import type { Spot, State, Surroundings } from './state.ts';
import type { Row, ViewName } from './view/view.ts';

/** The maximum length of the navigation history. */
const mostPlaces = 32;

function spotOf({ view, host, partitionId, filter, selected, firstRow }: State): Spot {
  return { view, host, partitionId, filter, selected, firstRow };
}

function goTo(state: State, spot: Partial<Spot>): State {
  const start = { filter: '', selected: 0, firstRow: 0 };
  const back = [...state.back, spotOf(state)].slice(-mostPlaces);
  return { ...state, ...start, ...spot, back, firstColumn: 0 };
}

/** Removes the filter, or goes back. */
export function goBack(state: State): State {
  if (state.filter !== '') return { ...state, filter: '', selected: 0, firstRow: 0 };
  const last = state.back.at(-1);
  return last === undefined ? state : { ...state, ...last, back: state.back.slice(0, -1), firstColumn: 0 };
}

/** Goes into the selected row. */
export function drillIn(state: State, around: Surroundings): State {
  const row = selectedRow(state, around);
  if (row === undefined) return state;
  if (row.host !== null) return goTo(state, { view: 'partitions', host: row.host, partitionId: null });
  if (row.partitionId === null || state.view === 'intercepts') return state;
  if (state.view === 'virtual-processors' && state.partitionId !== null) return showIntercepts(state, around);
  return goTo(state, { view: 'virtual-processors', partitionId: row.partitionId });
}

/** Goes to the intercepts of the selected partition, or of the current one. */
export function showIntercepts(state: State, around: Surroundings): State {
  if (state.view === 'intercepts') return state;
  const partitionId = selectedRow(state, around)?.partitionId ?? state.partitionId ?? around.ownPartition;
  if (partitionId === null) return { ...state, message: 'Select a partition first to show its intercepts.' };
  return goTo(state, { view: 'intercepts', partitionId });
}

/** Goes to a view of the host. */
export function show(state: State, view: ViewName, { isFleet, table }: Surroundings): State {
  if (view === state.view && state.partitionId === null) return state;
  if (view === 'hosts')
    return isFleet
      ? goTo(state, { view, host: null, partitionId: null })
      : { ...state, message: 'This is a single host. Use the URL of a gateway to show hosts.' };
  const host = state.host ?? (state.view === 'hosts' ? (table?.rows[state.selected]?.host ?? null) : null);
  if (isFleet && host === null) return { ...state, message: 'Select a host first.' };
  return goTo(state, { view, host, partitionId: null });
}

function selectedRow({ selected }: State, { table }: Surroundings): Row | undefined {
  return table?.rows[selected];
}
