/** The keys, and how each changes the state. */
import { nextView } from './view/counter-column.ts';
import { drillIn, goBack, show, showIntercepts } from './navigation.ts';
import { busiestColumn } from './view/partition-view.ts';
import { asking, pressInPrompt } from './screen/prompt.ts';
import {
  choiceOf,
  withChoice,
  withSort,
  type Change,
  type Pressed,
  type State,
  type Surroundings,
  type ViewChoice,
} from './state.ts';
import type { PressedKey } from './screen/terminal.ts';
import type { Column } from './view/view.ts';
import { views } from './view/views.ts';

/** The action of a key. */
export function press(state: State, key: PressedKey, around: Surroundings): Pressed {
  if (key === 'c-c') return 'quit';
  if (key === 'c-z') return 'suspend';
  if (key === 'c-l') return 'redraw';
  const quiet = { ...state, message: '' };
  if (state.prompt !== null) return pressInPrompt(quiet, key, { prompt: state.prompt, around });
  if (state.isHelp) return { ...quiet, isHelp: false };
  return changes[key]?.(quiet, around) ?? quiet;
}

/** The keys, similar to those of top, htop and kvm_stat. The help screen describes them. */
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
          message:
            'This view can be sorted by counters only. Within a partition (Enter) it can also be sorted by vp.',
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
    // Rows further down are requested on demand.
    const firstRow = Math.min(selected, Math.max(state.firstRow, selected - roomForRows + 1));
    return { ...state, selected, firstRow };
  };
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

/** Switches from rates to increases, from increases to totals, and from totals to rates. */
function viewedOtherwise({ columns, sort }: ViewChoice): ViewChoice {
  const changed = columns.map((column) => ({ before: column.key, column: nextView(column) }));
  const key = changed.find(({ before }) => before === sort.key)?.column.key ?? sort.key;
  return { columns: changed.map(({ column }) => column), sort: { ...sort, key } };
}
