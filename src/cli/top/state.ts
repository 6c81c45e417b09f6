/** The choices of the user. */
import type { CounterColumn } from './view/counter-column.ts';
import type { Sort, Table, ViewName } from './view/view.ts';

/** The settings of a view, which are kept while another one is shown. */
export interface ViewChoice {
  readonly columns: readonly CounterColumn[];
  readonly sort: Sort;
}

/** The current place. */
export interface Spot {
  readonly view: ViewName;
  readonly host: string | null;
  readonly partitionId: string | null;
  readonly filter: string;
  /** The selected row, and the first one on the screen. */
  readonly selected: number;
  readonly firstRow: number;
}

/** A prompt at the bottom of the screen. */
export interface Prompt {
  readonly kind: 'filter' | 'interval' | 'columns' | 'sort';
  readonly text: string;
}

/** All choices of the user. */
export interface State extends Spot {
  readonly choices: Readonly<Record<ViewName, ViewChoice>>;
  /** The places to go back to, the latest last. */
  readonly back: readonly Spot[];
  /** The number of columns that are scrolled off the screen. */
  readonly firstColumn: number;
  readonly every: number;
  readonly isPaused: boolean;
  readonly isHelp: boolean;
  readonly prompt: Prompt | null;
  /** The message of the last key, if its effect is not visible. */
  readonly message: string;
}

/** The context of a key press. */
export interface Surroundings {
  readonly table: Table | null;
  /** The number of rows that fit on the screen. */
  readonly roomForRows: number;
  readonly isFleet: boolean;
  /** The partition of the token; null if not known. */
  readonly ownPartition: string | null;
}

/** The result of a key: a changed state, or to quit. */
export type Pressed = State | 'quit' | 'suspend' | 'redraw';

/** The function of a key. */
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

/** The state with changed settings of its view. */
export function withChoice(state: State, choice: ViewChoice): State {
  return { ...state, choices: { ...state.choices, [state.view]: choice } };
}
