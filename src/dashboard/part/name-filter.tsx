/** A filter by name, which the service applies. */
import { useRef } from 'preact/hooks';
import { options, setOption } from '../reading/address.ts';

/** The filter is stored in the address shortly after the last key press. */
export function NameFilter() {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  return (
    <label>
      Name contains{' '}
      <input
        type="search"
        value={options.value.get('name') ?? ''}
        onInput={({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(() => setOption('name', value), 300);
        }}
      />
    </label>
  );
}
