/** The credentials in the payload of a connection_init message. */

/** What a payload says of its sender. */
export interface InitCredentials {
  /** Such as "Bearer <token>"; null where there is none, or none that can be used. */
  readonly authorization: string | null;
  /** The kind of authorization that is there but cannot be used; null where there is no such. */
  readonly conflictingAuthorization: string | null;
  /** Why `authorization` is null, for the client; null where nothing is wrong, or nothing is there. */
  readonly problem: string | null;
}

type Payload = Readonly<Record<string, unknown>>;

/** Longer names of keys are cut: the reason of a close frame has 123 bytes. */
const shownCharacters = 24;

/**
 * Reads the credentials: `Authorization` in any case, at the top level or under `headers`, since clients put it in either
 * place. Two different ones identify nobody: which of them counts would depend on their order.
 */
export function readInitCredentials(payload: Payload | null | undefined): InitCredentials {
  const entries = entriesOf(payload ?? {});
  const authorizations = entries.filter(({ name }) => name.toLowerCase() === 'authorization');
  const [first, ...others] = authorizations;
  if (first === undefined) {
    const [stray] = entries;
    const problem =
      stray && `No identity was given: needed is "Authorization", but connection_init has ${shown(stray)}.`;
    return { authorization: null, conflictingAuthorization: null, problem: problem ?? null };
  }
  const odd = authorizations.find(({ value }) => typeof value !== 'string');
  if (odd !== undefined) {
    const kind = Array.isArray(odd.value) ? 'array' : typeof odd.value;
    const problem = `In connection_init, ${shown(odd)} is of type ${kind}; needed is "Bearer <token>".`;
    return { authorization: null, conflictingAuthorization: kind, problem };
  }
  const other = others.find(({ value }) => value !== first.value);
  if (other !== undefined) {
    const problem = `In connection_init, ${shown(first)} and ${shown(other)} differ: give one authorization.`;
    return { authorization: null, conflictingAuthorization: 'two', problem };
  }
  return { authorization: first.value as string, conflictingAuthorization: null, problem: null };
}

interface Entry {
  /** Its own name, and with `headers.` where it stands there. */
  readonly name: string;
  readonly path: string;
  readonly value: unknown;
}

/** The entries of a payload and of its `headers`; those that are null count as absent. */
function entriesOf(payload: Payload): readonly Entry[] {
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(payload)) {
    if (value === null) continue;
    const inner = name === 'headers' && typeof value === 'object' ? Object.entries(value) : null;
    if (inner === null) entries.push({ name, path: name, value });
    for (const [key, header] of inner ?? []) {
      if (header !== null) entries.push({ name: key, path: `headers.${key}`, value: header });
    }
  }
  return entries;
}

function shown({ path }: Entry): string {
  return JSON.stringify(path.length > shownCharacters ? `${path.slice(0, shownCharacters)}…` : path);
}
