/** The numbers of a chart as a table, for accessibility. */
import { useSignal } from '@preact/signals';
import { framesWithin, type Frames } from '../reading/frames.ts';
import { formatIn } from '../reading/format.ts';
import { shown } from '../reading/time-view.ts';

/** The latest, minimum, mean and maximum of each row in the shown time range, and its number of resets; computed while open. */
export function SummaryTable({
  caption,
  frames,
  keys,
  nameOf,
  unit = 'percent of elapsed time',
}: {
  readonly caption: string;
  readonly frames: Frames;
  readonly keys: readonly string[];
  readonly nameOf: (key: string) => string;
  readonly unit?: string;
}) {
  const isOpen = useSignal(false);
  return (
    <details
      class="data"
      onToggle={(event: Event) => (isOpen.value = (event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary>Numbers of this chart</summary>
      {isOpen.value && <Table caption={caption} frames={frames} keys={keys} nameOf={nameOf} unit={unit} />}
    </details>
  );
}

function Table(props: {
  readonly caption: string;
  readonly frames: Frames;
  readonly keys: readonly string[];
  readonly nameOf: (key: string) => string;
  readonly unit: string;
}) {
  const { caption, frames, keys, nameOf, unit } = props;
  void frames.version.value;
  const within = framesWithin(frames.all, shown.value);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Numbers: ${caption}`}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {['Of', 'Latest', 'Least', 'Mean', 'Greatest', 'Readings', 'Resets'].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => {
            const row = frames.rowOf(key);
            const known = within.map(({ values }) => values[row]).filter(isKnown);
            const sum = known.reduce((total, value) => total + value, 0);
            const latest = within.at(-1)?.values[row];
            const numbers = [
              latest,
              known.length === 0 ? null : Math.min(...known),
              known.length === 0 ? null : sum / known.length,
              known.length === 0 ? null : Math.max(...known),
            ];
            return (
              <tr key={key}>
                <th scope="row">{nameOf(key)}</th>
                {numbers.map((number, n) => (
                  <td key={n}>{formatIn(unit, number)}</td>
                ))}
                <td>{known.length}</td>
                <td>{within.filter(({ resets }) => resets?.has(row)).length}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function isKnown(value: number | undefined): value is number {
  return value !== undefined && !Number.isNaN(value);
}
