/** What a person has chosen to see. */
import type { CounterColumn } from './counter-column.ts';
import type { Sort, Table, ViewName } from './view.ts';

/** What a view looks like; kept while another one is shown. */
export interface ViewChoice {
  readonly columns: readonly CounterColumn[];
  readonly sort: Sort;
}

/** The place that is looked at. */
export interface Spot {
  readonly view: ViewName;
  readonly host: string | null;
  readonly partitionId: string | null;
  readonly filter: string;
  /** The selected row, and the first one on the screen. */
  readonly selected: number;
  readonly firstRow: number;
}

/** A question at the foot of the screen. */
export interface Prompt {
  readonly kind: 'filter' | 'interval' | 'columns' | 'sort';
  readonly text: string;
}

/** Everything that a person has chosen. */
export interface State extends Spot {
  readonly choices: Readonly<Record<ViewName, ViewChoice>>;
  /** Where to go back to, the latest last. */
  readonly back: readonly Spot[];
  /** How many columns are scrolled off the screen. */
  readonly firstColumn: number;
  readonly every: number;
  readonly isPaused: boolean;
  readonly isHelp: boolean;
  readonly prompt: Prompt | null;
  /** What the last key came to, where that is not on the screen. */
  readonly message: string;
}

/** What a key is pressed over. */
export interface Surroundings {
  readonly table: Table | null;
  /** How many rows the screen has room for. */
  readonly roomForRows: number;
  readonly isFleet: boolean;
  /** The partition whose token it is; null if it is not known. */
  readonly ownPartition: string | null;
}

/** What a key asks for: a changed state, or to leave. */
export type Pressed = State | 'quit' | 'suspend' | 'redraw';

/** What a key changes. */
export type Change = (state: State, around: Surroundings) => Pressed;

/** The columns and the order of the view that is shown. */
export function choiceOf({ choices, view }: State): ViewChoice {
  return choices[view];
}

/** The state with its selection within these rows. */
export function withinRows(state: State, rows: number, room: number): State {
  const selected = Math.max(0, Math.min(state.selected, rows - 1));
  const firstRow = Math.max(0, Math.min(state.firstRow, selected, Math.max(0, rows - room)));
  const scrolled = Math.max(firstRow, selected - room + 1);
  return { ...state, selected, firstRow: scrolled };
}

/** The state with its view in another order, from the first row on. */
export function withSort(state: State, sort: Sort): State {
  return { ...withChoice(state, { ...choiceOf(state), sort }), selected: 0, firstRow: 0 };
}

/** The state with its view looking otherwise. */
export function withChoice(state: State, choice: ViewChoice): State {
  return { ...state, choices: { ...state.choices, [state.view]: choice } };
}
