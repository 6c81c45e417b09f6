/** Charts of any counters of the catalogue. The address lists the chosen ones. */
import { useSignal } from '@preact/signals';
import { options, setOption } from '../reading/address.ts';
import { shortUnit } from '../reading/format.ts';
import { allDefinitions, type CounterObject, type Definition } from './definitions.ts';
import { DrawnCounter } from './drawn-counter.tsx';
import type { DrawnObject } from './drawn-object.ts';

/** The maximum number of charts on a page. */
const chartsAtMost = 8;
/** The maximum number of counters in the list before it is filtered. */
const listedAtMost = 40;

/** The charts of these objects, and the list of counters to choose from. */
export function CounterPicker({ objects }: { readonly objects: readonly DrawnObject[] }) {
  const search = useSignal('');
  const drawn = options.value.getAll('draw').join(',').split(',').filter(Boolean).slice(0, chartsAtMost);
  const kinds = new Set(objects.map(({ object }) => object));
  const definitions = allDefinitions().value.filter(({ object }) => kinds.has(object));
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = definitions.filter((definition) => words.every((word) => textOf(definition).includes(word)));
  const change = (key: string): void => {
    const next = drawn.includes(key) ? drawn.filter((each) => each !== key) : [...drawn, key];
    setOption('draw', next.slice(-chartsAtMost).join(','));
  };
  return (
    <section class="wide" aria-labelledby="counters">
      <h2 id="counters">Any counter</h2>
      {drawn.map((key) => (
        <Drawn
          key={key}
          name={key}
          definitions={definitions}
          objects={objects}
          onRemove={() => change(key)}
        />
      ))}
      <details>
        <summary>Choose counters ({definitions.length})</summary>
        <label>
          Search{' '}
          <input
            type="search"
            value={search.value}
            onInput={({ currentTarget }: { currentTarget: HTMLInputElement }) =>
              (search.value = currentTarget.value)
            }
          />
        </label>{' '}
        <span role="status">{found.length} found</span>
        <ul class="counters">
          {found.slice(0, listedAtMost).map((definition) => (
            <li key={keyOf(definition)}>
              <label>
                <input
                  type="checkbox"
                  checked={drawn.includes(keyOf(definition))}
                  onChange={() => change(keyOf(definition))}
                />{' '}
                <b>{definition.title}</b> <small>{nameOfObject(definition.object)}</small>{' '}
                <small>{shortUnit(definition.rateUnit ?? definition.unit)}</small>
                <br />
                {definition.description}
              </label>
            </li>
          ))}
        </ul>
        {found.length > listedAtMost && <p>… and {found.length - listedAtMost} more: search for them.</p>}
      </details>
    </section>
  );
}

function Drawn({
  name,
  definitions,
  objects,
  onRemove,
}: {
  readonly name: string;
  readonly definitions: readonly Definition[];
  readonly objects: readonly DrawnObject[];
  readonly onRemove: () => void;
}) {
  const definition = definitions.find((each) => keyOf(each) === name);
  const object = objects.find((each) => each.object === definition?.object);
  if (definition === undefined || object === undefined)
    return definitions.length === 0 ? null : <p class="problem">This page has no counter {name}.</p>;
  return (
    <div class="drawn">
      <DrawnCounter definition={definition} of={object} />
      <button type="button" onClick={onRemove} aria-label={`Remove ${definition.title}`}>
        Remove
      </button>
    </div>
  );
}

function keyOf({ object, field }: Definition): string {
  return `${object}.${field}`;
}

function textOf({ field, title, description, unit, rateUnit }: Definition): string {
  return `${field} ${title} ${description} ${unit} ${rateUnit ?? ''}`.toLowerCase();
}

/** The displayed name of an object. */
export function nameOfObject(object: CounterObject): string {
  return object.toLowerCase().replace('_', ' ');
}
