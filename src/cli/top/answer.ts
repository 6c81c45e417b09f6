/** Reads a response of the graph: values by path, and why a value is null. */
import type { ExecutionResult } from 'graphql';

/** An error in a response. */
export interface AnswerError {
  readonly message: string;
  /** A code of docs/errors.md; '' if the error has none. */
  readonly code: string;
  /** Field names and list positions; empty for an error of the whole operation. */
  readonly path: readonly (string | number)[];
}

/** The errors of a result, either from graphql-js in this process or parsed from JSON. */
export function errorsOf(result: Pick<ExecutionResult, 'errors'>): readonly AnswerError[] {
  return (result.errors ?? []).map(({ message, path, extensions }) => ({
    message,
    path: path ?? [],
    code: typeof extensions?.['code'] === 'string' ? extensions['code'] : '',
  }));
}

/** One position in a response. */
export class Place {
  readonly value: unknown;
  /** The error that made this position null; null without an error. */
  readonly error: AnswerError | null;
  readonly #path: string;
  readonly #errors: ReadonlyMap<string, AnswerError>;

  private constructor(
    value: unknown,
    place: {
      readonly path: string;
      readonly errors: ReadonlyMap<string, AnswerError>;
      readonly inherited: AnswerError | null;
    },
  ) {
    this.value = value ?? null;
    this.#path = place.path;
    this.#errors = place.errors;
    this.error = this.value === null ? (place.errors.get(place.path) ?? place.inherited) : null;
  }

  /** The root of a response. */
  static of(result: ExecutionResult): Place {
    const errors = new Map<string, AnswerError>();
    for (const error of errorsOf(result)) {
      // The null caused by an error is at its path or above it.
      for (let length = 0; length <= error.path.length; length += 1) {
        const path = error.path.slice(0, length).join('/');
        if (!errors.has(path)) errors.set(path, error);
      }
    }
    return new Place(result.data, { path: '', errors, inherited: null });
  }

  /** A field of this position; null if this position is null. */
  at(...names: readonly string[]): Place {
    return names.reduce<Place>((place, name) => place.#child(name), this);
  }

  /** The items of a list; empty if it is null. */
  get items(): readonly Place[] {
    return Array.isArray(this.value) ? this.value.map((_, index) => this.#child(index)) : [];
  }

  /** A text or a number; null for anything else. */
  get scalar(): string | number | null {
    const { value } = this;
    return typeof value === 'string' || typeof value === 'number' ? value : null;
  }

  /** A text, or a number as text; '' for anything else. */
  get text(): string {
    return this.scalar?.toString() ?? '';
  }

  #child(name: string | number): Place {
    const { value } = this;
    const isParent = typeof value === 'object' && value !== null;
    const child = isParent ? (value as Readonly<Record<string, unknown>>)[name] : null;
    const path = this.#path === '' ? String(name) : `${this.#path}/${name}`;
    return new Place(child, { path, errors: this.#errors, inherited: this.error });
  }
}
