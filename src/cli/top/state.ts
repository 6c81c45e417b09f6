/** What a person has chosen to see, and what each key changes about it. */
import { messageOf, problemsOf } from '../../errors.ts';
import { formatDuration } from '../../snapshot/duration.ts';
import { parseInterval } from '../settings/setting-value.ts';
import { nextView, type CounterColumn } from './counter-column.ts';
import { busiestColumn } from './partition-view.ts';
import type { PressedKey } from './terminal.ts';
import { charactersOf } from './text-width.ts';
import type { Column, Row, Sort, Table, ViewName } from './view.ts';
import { columnsOfView, defaultSortOf, parseSort, views } from './views.ts';

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

type Change = (state: State, around: Surroundings) => Pressed;

/** The most places that are kept to go back to. */
const mostPlaces = 32;
const longestPrompt = 512;

/** What a key does. */
export function press(state: State, key: PressedKey, around: Surroundings): Pressed {
  if (key === 'c-c') return 'quit';
  if (key === 'c-z') return 'suspend';
  if (key === 'c-l') return 'redraw';
  const quiet = { ...state, message: '' };
  if (state.prompt !== null) return pressInPrompt(quiet, key, { prompt: state.prompt, around });
  if (state.isHelp) return { ...quiet, isHelp: false };
  return changes[key]?.(quiet, around) ?? quiet;
}

/** The keys, as people know them from top, htop and kvm_stat. The help screen is about these. */
const changes: Readonly<Record<PressedKey, Change>> = {
  q: () => 'quit',
  Q: () => 'quit',
  f10: () => 'quit',
  h: showHelp,
  '?': showHelp,
  f1: showHelp,
  up: moving(() => -1),
  k: moving(() => -1),
  down: moving(() => 1),
  j: moving(() => 1),
  pageup: moving((room) => -room),
  pagedown: moving((room) => room),
  home: moving(() => Number.NEGATIVE_INFINITY),
  end: moving(() => Number.POSITIVE_INFINITY),
  left: (state) => ({ ...state, firstColumn: Math.max(0, state.firstColumn - 1) }),
  right: (state, { table }) => {
    const counters = table?.columns.filter(({ isLeading }) => !isLeading).length ?? 0;
    return { ...state, firstColumn: Math.max(0, Math.min(counters - 1, state.firstColumn + 1)) };
  },
  return: drillIn,
  backspace: goBack,
  escape: goBack,
  u: goBack,
  i: (state, around) => showIntercepts(state, around),
  '<': sortingBy(-1),
  ',': sortingBy(-1),
  '>': sortingBy(1),
  '.': sortingBy(1),
  R: reverse,
  r: reverse,
  I: reverse,
  P: (state) => {
    const column = busiestColumn(choiceOf(state).columns);
    return column === undefined
      ? { ...state, message: 'totalRunTime is not shown here.' }
      : withSort(state, { key: column.key, isDescending: true });
  },
  N: (state, { table }) => {
    const [leading] = table?.columns.filter(({ isSortable, isLeading }) => isSortable && isLeading) ?? [];
    return leading === undefined
      ? {
          ...state,
          message: 'Here the graph sorts by counters only. In one partition (Enter) it sorts by vp too.',
        }
      : withSort(state, { key: leading.key, isDescending: false });
  },
  o: asking('sort'),
  f6: asking('sort'),
  '/': asking('filter'),
  '\\': asking('filter'),
  f4: asking('filter'),
  f: asking('columns'),
  f2: asking('columns'),
  d: asking('interval'),
  s: asking('interval'),
  p: pause,
  Z: pause,
  space: pause,
  v: (state) => withChoice(state, viewedOtherwise(choiceOf(state))),
  '1': (state, around) => show(state, 'partitions', around),
  '2': (state, around) => show(state, 'virtual-processors', around),
  '3': (state, around) => show(state, 'logical-processors', around),
  '4': (state, around) => showIntercepts(state, around),
  '5': (state, around) => show(state, 'hosts', around),
  tab: (state, around) => {
    const next = {
      partitions: '2',
      'virtual-processors': '3',
      'logical-processors': '4',
      intercepts: '1',
      hosts: '1',
    } as const;
    return changes[next[state.view]]?.(state, around) ?? state;
  },
};

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

function showHelp(state: State): State {
  return { ...state, isHelp: true };
}

function pause(state: State): State {
  return { ...state, isPaused: !state.isPaused };
}

function moving(by: (room: number) => number): Change {
  return (state, { roomForRows, table }) => {
    const last = (table?.total ?? Number.POSITIVE_INFINITY) - 1;
    const most = Math.min(last, views[state.view].mostRows - 1);
    const selected = Math.max(0, Math.min(most, state.selected + by(roomForRows)));
    // Rows further down are asked for when they are needed.
    const firstRow = Math.min(selected, Math.max(state.firstRow, selected - roomForRows + 1));
    return { ...state, selected, firstRow };
  };
}

function asking(kind: Prompt['kind']): Change {
  return (state) => {
    if (kind === 'columns' && views[state.view].objects.length === 0)
      return { ...state, message: 'The columns of this view are fixed.' };
    const { columns, sort } = choiceOf(state);
    const texts = {
      filter: state.filter,
      interval: formatDuration(state.every),
      columns: columns.map(({ key }) => key).join(','),
      sort: sort.key,
    };
    return { ...state, prompt: { kind, text: texts[kind] } };
  };
}

function pressInPrompt(
  state: State,
  key: PressedKey,
  { prompt, around }: { readonly prompt: Prompt; readonly around: Surroundings },
): State {
  const withText = (text: string): State => ({
    ...state,
    prompt: { ...prompt, text: text.slice(0, longestPrompt) },
  });
  switch (key) {
    case 'escape':
      return { ...state, prompt: null };
    case 'return':
      return answered({ ...state, prompt: null }, prompt, around);
    case 'backspace':
      return withText(charactersOf(prompt.text).slice(0, -1).join(''));
    case 'c-u':
      return withText('');
    case 'space':
      return withText(`${prompt.text} `);
    default:
      return charactersOf(key).length === 1 ? withText(prompt.text + key) : state;
  }
}

/** Takes what was typed; a mistake changes nothing but the message. */
function answered(state: State, { kind, text }: Prompt, { table }: Surroundings): State {
  const typed = text.trim();
  try {
    switch (kind) {
      case 'filter':
        return { ...state, filter: typed, selected: 0, firstRow: 0 };
      case 'interval':
        // As in top, a number alone is seconds.
        return {
          ...state,
          every: parseInterval(/^[\d.]+$/.test(typed) ? `${Number(typed) * 1000}ms` : typed),
        };
      case 'columns': {
        const names = typed === '' ? null : typed.split(/[\s,]+/);
        const columns = columnsOfView(views[state.view], names);
        const { sort } = choiceOf(state);
        const isThere = columns.some(({ key }) => key === sort.key) || isLeading(sort, table);
        const next = isThere ? sort : defaultSortOf(views[state.view], columns);
        return { ...withChoice(state, { columns, sort: next }), firstColumn: 0 };
      }
      case 'sort':
        return withSort(
          state,
          parseSort(typed, views[state.view], { ...choiceOf(state), partitionId: state.partitionId }),
        );
    }
  } catch (thrown) {
    return { ...state, message: problemOf(thrown) };
  }
}

function problemOf(thrown: unknown): string {
  const [problem = messageOf(thrown)] = problemsOf(() => {
    throw thrown;
  });
  return problem;
}

function isLeading({ key }: Sort, table: Table | null): boolean {
  return (
    table?.columns.some((column) => column.key === key && column.isLeading && column.isSortable) ?? false
  );
}

function sortingBy(step: number): Change {
  return (state, { table }) => {
    const sortable: readonly Column[] = table?.columns.filter(({ isSortable }) => isSortable) ?? [];
    const { sort } = choiceOf(state);
    const at = sortable.findIndex(({ key }) => key === sort.key);
    const next = sortable[Math.max(0, Math.min(sortable.length - 1, at + step))];
    return next === undefined ? state : withSort(state, { key: next.key, isDescending: !next.isLeading });
  };
}

function reverse(state: State): State {
  const { sort } = choiceOf(state);
  return withSort(state, { ...sort, isDescending: !sort.isDescending });
}

function withSort(state: State, sort: Sort): State {
  return { ...withChoice(state, { ...choiceOf(state), sort }), selected: 0, firstRow: 0 };
}

function withChoice(state: State, choice: ViewChoice): State {
  return { ...state, choices: { ...state.choices, [state.view]: choice } };
}

/** Rates as increases, those as totals, totals as rates. */
function viewedOtherwise({ columns, sort }: ViewChoice): ViewChoice {
  const changed = columns.map((column) => ({ before: column.key, column: nextView(column) }));
  const key = changed.find(({ before }) => before === sort.key)?.column.key ?? sort.key;
  return { columns: changed.map(({ column }) => column), sort: { ...sort, key } };
}

function spotOf({ view, host, partitionId, filter, selected, firstRow }: State): Spot {
  return { view, host, partitionId, filter, selected, firstRow };
}

function goTo(state: State, spot: Partial<Spot>): State {
  const start = { filter: '', selected: 0, firstRow: 0 };
  const back = [...state.back, spotOf(state)].slice(-mostPlaces);
  return { ...state, ...start, ...spot, back, firstColumn: 0 };
}

function goBack(state: State): State {
  if (state.filter !== '') return { ...state, filter: '', selected: 0, firstRow: 0 };
  const last = state.back.at(-1);
  return last === undefined ? state : { ...state, ...last, back: state.back.slice(0, -1), firstColumn: 0 };
}

function drillIn(state: State, around: Surroundings): State {
  const row = selectedRow(state, around);
  if (row === undefined) return state;
  if (row.host !== null) return goTo(state, { view: 'partitions', host: row.host, partitionId: null });
  if (row.partitionId === null || state.view === 'intercepts') return state;
  if (state.view === 'virtual-processors' && state.partitionId !== null) return showIntercepts(state, around);
  return goTo(state, { view: 'virtual-processors', partitionId: row.partitionId });
}

function showIntercepts(state: State, around: Surroundings): State {
  if (state.view === 'intercepts') return state;
  const partitionId = selectedRow(state, around)?.partitionId ?? state.partitionId ?? around.ownPartition;
  if (partitionId === null)
    return { ...state, message: 'Select a partition first: its intercepts are shown.' };
  return goTo(state, { view: 'intercepts', partitionId });
}

function show(state: State, view: ViewName, { isFleet, table }: Surroundings): State {
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
