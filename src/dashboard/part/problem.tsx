/** Shows errors where their data is missing. */
import type { Response, ResponseError } from '../connection/client.ts';

/** The error at a path of a response or above it. */
export function errorAt(
  response: Response<unknown> | null,
  path: readonly (string | number)[],
): ResponseError | null {
  return (
    response?.errors.find((error) => {
      const place = error.path ?? [];
      return place.length <= path.length && place.every((part, n) => part === path[n]);
    }) ?? null
  );
}

/** The errors below a path. */
export function errorsBelow(
  response: Response<unknown> | null,
  path: readonly (string | number)[],
): readonly ResponseError[] {
  return (response?.errors ?? []).filter(({ path: place = [] }) =>
    path.every((part, n) => part === place[n]),
  );
}

/** A short label for an error. */
export function wordFor({ extensions, message }: ResponseError): string {
  switch (extensions?.code) {
    case 'ACCESS_DENIED':
      return 'denied';
    case 'PAGE_MALFORMED':
      return 'broken page';
    case 'PAGE_UNAVAILABLE':
      return 'not available';
    default:
      return message;
  }
}

/** Shows an error; renders nothing without one. */
export function Problem({ error }: { readonly error: ResponseError | null }) {
  if (error === null) return null;
  const code = error.extensions?.code ?? 'ERROR';
  return (
    <span class={code === 'ACCESS_DENIED' ? 'problem denied' : 'problem'} title={error.message}>
      <b aria-hidden="true">{code === 'ACCESS_DENIED' ? '⊘' : '⚠'}</b> {wordFor(error)}
      <span class="hidden">: {error.message}</span>
    </span>
  );
}

const listedAtMost = 16;

/** The items of a list that could not be read, each with the reason. */
export function Problems({
  response,
  path,
  nameOf,
}: {
  readonly response: Response<unknown> | null;
  readonly path: readonly (string | number)[];
  readonly nameOf: (position: number) => string;
}) {
  const problems = errorsBelow(response, path).filter(({ path: at = [] }) => at.length > path.length);
  if (problems.length === 0) return null;
  return (
    <ul class="problems">
      {problems.slice(0, listedAtMost).map((error) => (
        <li key={error.path?.join('.')}>
          {nameOf(Number(error.path?.[path.length]))}: <Problem error={error} />
        </li>
      ))}
      {problems.length > listedAtMost && <li>… and {problems.length - listedAtMost} more</li>}
    </ul>
  );
}
