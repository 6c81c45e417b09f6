/** Ways from one view to another, and back. */
import type { Spot, State, Surroundings } from './state.ts';
import type { Row, ViewName } from './view.ts';

/** The most places that are kept to go back to. */
const mostPlaces = 32;

function spotOf({ view, host, partitionId, filter, selected, firstRow }: State): Spot {
  return { view, host, partitionId, filter, selected, firstRow };
}

function goTo(state: State, spot: Partial<Spot>): State {
  const start = { filter: '', selected: 0, firstRow: 0 };
  const back = [...state.back, spotOf(state)].slice(-mostPlaces);
  return { ...state, ...start, ...spot, back, firstColumn: 0 };
}

/** Removes the filter, or goes to the place before. */
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

/** Goes to the intercepts of the selected partition, or of the one that is looked at. */
export function showIntercepts(state: State, around: Surroundings): State {
  if (state.view === 'intercepts') return state;
  const partitionId = selectedRow(state, around)?.partitionId ?? state.partitionId ?? around.ownPartition;
  if (partitionId === null)
    return { ...state, message: 'Select a partition first: its intercepts are shown.' };
  return goTo(state, { view: 'intercepts', partitionId });
}

/** Goes to a view of the host. */
export function show(state: State, view: ViewName, { isFleet, table }: Surroundings): State {
  if (view === state.view && state.partitionId === null) return state;
  if (view === 'hosts')
    return isFleet
      ? goTo(state, { view, host: null, partitionId: null })
      : { ...state, message: 'This is one host. The url of a gateway shows hosts.' };
  const host = state.host ?? (state.view === 'hosts' ? (table?.rows[state.selected]?.host ?? null) : null);
  if (isFleet && host === null) return { ...state, message: 'Select a host first.' };
  return goTo(state, { view, host, partitionId: null });
}

function selectedRow({ selected }: State, { table }: Surroundings): Row | undefined {
  return table?.rows[selected];
}
