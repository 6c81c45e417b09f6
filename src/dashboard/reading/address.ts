/** The state of the page in its address, so that a link shows the same view. */
import { computed, signal } from '@preact/signals';

/** The object in an address. */
export interface Place {
  /** The host in a fleet; null for the fleet itself, and without a fleet. */
  readonly host: string | null;
  readonly page: 'overview' | 'partition' | 'logical-processor';
  /** The partition's id, "own" for the caller's, or the logical processor's index. */
  readonly of: string | null;
}

const hash = signal(location.hash);
addEventListener('hashchange', () => (hash.value = location.hash));

const parts = computed(() => {
  const [path = '', search = ''] = hash.value.replace(/^#\/?/, '').split('?');
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent),
    search,
  };
});

/** The place in the current address. */
export const place = computed<Place>(() => {
  const rest = [...parts.value.path];
  const host = rest[0] === 'host' ? (rest.splice(0, 2)[1] ?? null) : null;
  const [page, of = null] = rest;
  if ((page === 'partition' || page === 'logical-processor') && of !== null) return { host, page, of };
  return { host, page: 'overview', of: null };
});

/** The other options in the address: filters, sort orders, drawn counters. */
export const options = computed(() => new URLSearchParams(parts.value.search));

/** The address of a place. */
export function addressOf({ host, page, of }: Place, search = ''): string {
  const path = [...(host === null ? [] : ['host', host]), ...(page === 'overview' ? [] : [page, of ?? ''])];
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

/** Opens a place. */
export function open(to: Place): void {
  location.hash = addressOf(to);
}

/** Changes an option of the address without a history entry; null removes it. */
export function setOption(name: string, value: string | null): void {
  const next = new URLSearchParams(options.value);
  if (value === null || value === '') next.delete(name);
  else next.set(name, value);
  history.replaceState(null, '', addressOf(place.value, next.toString()));
  hash.value = location.hash;
}
