/** The settings that the service inserts into the page. */

/** The settings in the page. */
export interface Settings {
  readonly graph: 'host' | 'fleet';
  /** In development mode, the tokens of callers; null otherwise. */
  readonly tokens: readonly { readonly title: string; readonly token: string }[] | null;
}

/** The settings in the open page. */
export const settings = readSettings(document);

/** Fetches the current settings: after a restart, development mode has new tokens. */
export async function fetchSettings(): Promise<Settings> {
  const response = await fetch('/', { headers: { accept: 'text/html' }, cache: 'no-store' });
  if (!response.ok) throw new Error(`The page could not be loaded again: ${response.status}`);
  return readSettings(new DOMParser().parseFromString(await response.text(), 'text/html'));
}

function readSettings(page: Document): Settings {
  const text = page.getElementById('settings')?.textContent ?? '';
  return JSON.parse(text) as Settings;
}
