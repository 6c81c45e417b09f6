/** Prompts at the bottom of the screen, and their input. */
import { messageOf, problemsOf } from '../../../errors.ts';
import { formatDuration } from '../../../snapshot/duration.ts';
import { parseInterval } from '../../settings/setting-value.ts';
import {
  choiceOf,
  withChoice,
  withSort,
  type Change,
  type Prompt,
  type State,
  type Surroundings,
} from '../state.ts';
import type { PressedKey } from './terminal.ts';
import { charactersOf } from './text-width.ts';
import type { Sort, Table } from '../view/view.ts';
import { columnsOfView, defaultSortOf, parseSort, views } from '../view/views.ts';

const longestPrompt = 512;

/** Opens a prompt with the current value as its text. */
export function asking(kind: Prompt['kind']): Change {
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

/** The action of a key while a prompt is open. */
export function pressInPrompt(
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

/** Applies the input. Invalid input only changes the message. */
function answered(state: State, { kind, text }: Prompt, { table }: Surroundings): State {
  const typed = text.trim();
  try {
    switch (kind) {
      case 'filter':
        return { ...state, filter: typed, selected: 0, firstRow: 0 };
      case 'interval':
        // As in top, a plain number is in seconds.
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
