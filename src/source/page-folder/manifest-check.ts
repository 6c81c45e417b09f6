/** Checks a manifest's JSON, and collects every problem instead of stopping at the first. */
import { UsageError, messageOf } from '../../errors.ts';
import { isObject, withoutByteOrderMark } from '../../lib/json.ts';

/** A place in a JSON document: its path, "partitions[2].id", and its value. */
export interface Place {
  readonly path: string;
  readonly value: unknown;
}

/** Collects the problems of one document; `end` throws them. */
export class ManifestCheck {
  readonly #document: string;
  readonly #problems: string[] = [];

  /** The document as messages name it: "manifest.json". */
  constructor(document: string) {
    this.#document = document;
  }

  /** Adds a problem as a sentence about the document. */
  note(problem: string): void {
    this.#problems.push(`${this.#document}: ${problem}.`);
  }

  /** Adds the problem that something else is needed at this place. */
  noteNeed(place: Place, needed: string): void {
    this.note(`${place.path} needs ${needed}, but ${describeValue(place.value)}`);
  }

  /** The document's top object. Throws if the text is not a JSON object, since nothing else can be checked then. */
  parse(text: string): Readonly<Record<string, unknown>> {
    let json: unknown;
    try {
      json = JSON.parse(withoutByteOrderMark(text));
    } catch (thrown) {
      throw new UsageError([`${this.#document} is not JSON: ${messageOf(thrown)}.`]);
    }
    if (isObject(json)) return json;
    throw new UsageError([`${this.#document} needs a JSON object, but ${describeValue(json)}.`]);
  }

  /** The objects of a list, with their paths. */
  objects(place: Place): { readonly path: string; readonly fields: Readonly<Record<string, unknown>> }[] {
    if (!Array.isArray(place.value)) {
      this.noteNeed(place, 'a list');
      return [];
    }
    return place.value.flatMap((value: unknown, n) => {
      const path = `${place.path}[${n}]`;
      if (isObject(value)) return [{ path, fields: value }];
      this.noteNeed({ path, value }, 'an object');
      return [];
    });
  }

  /** Throws a UsageError with all problems, if there are any. */
  end(): void {
    if (this.#problems.length > 0) throw new UsageError(this.#problems);
  }
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'is missing';
  const text = JSON.stringify(value);
  return `is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}
