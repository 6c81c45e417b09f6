/** Responses of hosts as values of the fleet's graph: read by response key, with each error in place of its null. */
import type { GraphQLFieldResolver } from 'graphql';
import { codeTable, HvqlError, type ErrorCode, type ErrorFacts } from '../../errors.ts';
import { parseNodeId } from '../../graph/node-id.ts';
import { isObject } from '../../lib/json.ts';

/**
 * The property of an object that holds the host that has sent it. The host is known from the NATS subject, and a
 * response cannot claim another one, because JSON has no symbols. A property on each object costs a fraction of an entry
 * in a WeakMap.
 */
const hostKey = Symbol('host');

interface Marked {
  [hostKey]?: string;
}

/** An error of a host, or of its response. */
export function hostError(
  host: string,
  { message, extensions }: { message: string; extensions: ErrorFacts },
): HvqlError {
  const { code, hvStatus, ...facts } = extensions;
  const isKnown = typeof code === 'string' && Object.hasOwn(codeTable, code);
  return new HvqlError(isKnown ? (code as ErrorCode) : 'INTERNAL_SERVER_ERROR', message, { ...facts, host });
}

/** The error for a response that violates the protocol. */
export function incomprehensible(host: string): HvqlError {
  return new HvqlError('HOST_UNREACHABLE', `The response of the host ${host} is invalid.`, { host });
}

/**
 * The results of the parts of a request, in their order: values, or errors for parts without a value. Within a
 * value, an error replaces the null that the host has sent for it, so that graphql-js reports it there.
 */
export function partsOfAnswer(
  bytes: Buffer,
  {
    host,
    count,
    version,
  }: { readonly host: string; readonly count: number; readonly version: () => string | null },
): readonly unknown[] {
  let answer: unknown;
  try {
    answer = JSON.parse(bytes.toString());
  } catch {
    throw incomprehensible(host);
  }
  if (!isObject(answer)) throw incomprehensible(host);
  const errors = (Array.isArray(answer['errors']) ? answer['errors'] : []).filter(isObject);
  const { data } = answer;
  if (!isObject(data)) {
    const [first] = errors;
    if (first === undefined) throw incomprehensible(host);
    throw refusalOf(first, { host, version: version() });
  }
  for (const error of errors) place(data, { error, host });
  return Array.from({ length: count }, (_, n) => {
    const value = data[`p${n}`] ?? null;
    if (typeof value === 'object' && value !== null && !(value instanceof Error)) mark(value, host);
    return value;
  });
}

/** A host that does not know a requested field runs another version. */
function refusalOf(
  error: Readonly<Record<string, unknown>>,
  { host, version }: { readonly host: string; readonly version: string | null },
): HvqlError {
  const made = errorOf(error, host);
  if (made.code !== 'GRAPHQL_VALIDATION_FAILED') return made;
  return new HvqlError(
    'HOST_INCOMPATIBLE',
    `The host ${host}${version === null ? '' : ` of version ${version}`} does not know a part of this operation: ${made.message}`,
    { host, version },
  );
}

function errorOf({ message, extensions }: Readonly<Record<string, unknown>>, host: string): HvqlError {
  return hostError(host, {
    message: typeof message === 'string' ? message : 'Unexpected error',
    extensions: isObject(extensions) ? (extensions as ErrorFacts) : {},
  });
}

/** Puts an error at the first null on its path: at its end, or above if the null has propagated. */
function place(
  data: Record<string, unknown>,
  { error, host }: { readonly error: Readonly<Record<string, unknown>>; readonly host: string },
): void {
  const path = Array.isArray(error['path']) ? error['path'] : [];
  let parent: unknown = data;
  for (const key of path as readonly unknown[]) {
    if (typeof parent !== 'object' || parent === null || parent instanceof Error) return;
    const holder = parent as Record<string, unknown>;
    const name = String(key);
    if (!Object.hasOwn(holder, name)) return;
    if (holder[name] === null) {
      holder[name] = errorOf(error, host);
      return;
    }
    parent = holder[name];
  }
}

/** Reads a field of an object of a host by its key in the response. */
export const readByKey: GraphQLFieldResolver<unknown, unknown> = (source, _args, _context, { path }) => {
  const value = (source as Record<string, unknown>)[path.key];
  const host = (source as Marked)[hostKey];
  if (host !== undefined && typeof value === 'object' && value !== null) mark(value, host);
  return value;
};

function mark(value: object, host: string): void {
  if (!Array.isArray(value)) (value as Marked)[hostKey] = host;
  else
    for (const item of value as readonly unknown[])
      if (typeof item === 'object' && item !== null) mark(item, host);
}

/** The name of the host that has sent an object, not the name in its response. */
export const readHost: GraphQLFieldResolver<unknown, unknown> = (source) => (source as Marked)[hostKey];

/** The id of an object, which contains the name of the host that sent it. */
export const readId: GraphQLFieldResolver<unknown, unknown> = (source, _args, _context, { path }) => {
  const id = (source as Record<string, unknown>)[path.key];
  const host = (source as Marked)[hostKey] ?? '';
  if (typeof id === 'string' && parseNodeId(id).host === host) return id;
  throw incomprehensible(host);
};

/** Sets the host of an object that was merged from a response. */
export function markHost<Value extends object>(value: Value, host: string): Value {
  (value as Marked)[hostKey] = host;
  return value;
}

/** The host of an object of a response. */
export function hostOf(value: object): string {
  return (value as Marked)[hostKey] ?? '';
}
