/** A response, reduced to the properties by which it is judged. */

/** One property of a response. */
export interface Answer {
  /** The channel: an HTTP status, SSE, WebSocket, or socket (if it was not parsed as HTTP). */
  readonly channel: string;
  /** `extensions.code`, or a substitute: data, page, closed 4400. */
  readonly code: string;
  /** For the report. */
  readonly message?: string;
  /** The data of the result that it is of. */
  readonly data?: unknown;
}

/** The answers in a result of GraphQL: its data where it has no errors, else the code of each error once. */
export function answersOfResult(channel: string, result: unknown): readonly Answer[] {
  if (typeof result !== 'object' || result === null) return [{ channel, code: 'no result' }];
  const { data, errors } = result as { data?: unknown; errors?: unknown };
  if (errors === undefined) return [{ channel, code: data == null ? 'nothing' : 'data', data }];
  if (!Array.isArray(errors) || errors.length === 0) return [{ channel, code: 'no result' }];
  const byCode = new Map<string, Answer>();
  for (const error of errors) {
    const code = String(error?.extensions?.code ?? 'no code');
    if (!byCode.has(code)) byCode.set(code, { channel, code, message: String(error?.message), data });
  }
  return [...byCode.values()];
}

/** The answers in a body that should be a result as JSON. */
export function answersOfText(channel: string, text: string): readonly Answer[] {
  try {
    return answersOfResult(channel, JSON.parse(text));
  } catch {
    return [{ channel, code: 'no JSON', message: text.slice(0, 200) }];
  }
}

/** An additional code if the text contains anything that it must not. */
export function leaksIn(text: string, unspeakable: readonly string[]): readonly Answer[] {
  return unspeakable.some((secret) => text.includes(secret))
    ? [{ channel: 'any', code: 'leak', message: text.slice(0, 500) }]
    : [];
}

/** Whether data contains anything but null, {} and [], which denied fields must not. */
export function saysAnything(data: unknown): boolean {
  if (data === null || data === undefined) return false;
  return typeof data !== 'object' || Object.values(data).some(saysAnything);
}
