/** The credentials of the page: a token, or those of the connection (client certificates, guest sockets). */
import { computed, signal } from '@preact/signals';
import { fetchSettings, settings, type Settings } from './settings.ts';

/** Stored for the tab only, neither for other tabs nor on disk. */
const storageKey = 'hvql:token';

/** Tokens of development mode, from the running service. */
export const developmentTokens = signal<Settings['tokens']>(settings.tokens);

/** The pasted token, or in development mode the chosen one; null if the connection has the credentials. */
export const token = signal<string | null>(
  sessionStorage.getItem(storageKey) ?? settings.tokens?.[0]?.token ?? null,
);

/** Why the page asks for a token; null while it does not. */
export const refusal = signal<string | null>(null);

/** Whether the token is from the page itself. */
export const isDevelopment = computed(
  () => developmentTokens.value?.some((each) => each.token === token.value) ?? false,
);

/** Whether the user has pasted the token. */
export const isPasted = computed(() => token.value !== null && !isDevelopment.value);

/** Uses a pasted token from now on. */
export function signIn(pasted: string): void {
  const bare = pasted.trim().replace(/^Bearer\s+/i, '');
  sessionStorage.setItem(storageKey, bare);
  token.value = bare;
  refusal.value = null;
}

/** Forgets the token. */
export function signOut(): void {
  sessionStorage.removeItem(storageKey);
  token.value = developmentTokens.value?.[0]?.token ?? null;
  refusal.value = token.value === null ? 'Signed out.' : null;
}

/** Uses a token of development mode. */
export function choose(development: string): void {
  sessionStorage.removeItem(storageKey);
  token.value = development;
  refusal.value = null;
}

let renewing = false;

/** Asks for another token; in development mode, uses one of the running service. */
export async function onRefused(reason: string): Promise<void> {
  const used = token.value;
  if (isDevelopment.value && !renewing) {
    renewing = true;
    try {
      const { tokens } = await fetchSettings();
      const position = developmentTokens.value?.findIndex((each) => each.token === used) ?? 0;
      const next = tokens?.[position] ?? tokens?.[0];
      if (next !== undefined && next.token !== used) {
        developmentTokens.value = tokens;
        token.value = next.token;
        return;
      }
    } catch {
      // If the page cannot be loaded, there is no token either.
    } finally {
      renewing = false;
    }
  }
  refusal.value = reason;
}
