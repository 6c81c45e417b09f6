/** What the page shows, kept in its address: a view can be sent to a colleague. */
import { computed, signal } from '@preact/signals';

/** What an address names. */
export interface Place {
  /** In a fleet; null for the fleet itself, or for the only host. */
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

/** The place of the address that is open. */
export const place = computed<Place>(() => {
  const rest = [...parts.value.path];
  const host = rest[0] === 'host' ? (rest.splice(0, 2)[1] ?? null) : null;
  const [page, of = null] = rest;
  if ((page === 'partition' || page === 'logical-processor') && of !== null) return { host, page, of };
  return { host, page: 'overview', of: null };
});

/** What the address says beside the place: filters, orders, counters that are drawn. */
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

/** Changes an option of the address in place; null removes it. */
export function setOption(name: string, value: string | null): void {
  const next = new URLSearchParams(options.value);
  if (value === null || value === '') next.delete(name);
  else next.set(name, value);
  history.replaceState(null, '', addressOf(place.value, next.toString()));
  hash.value = location.hash;
}
