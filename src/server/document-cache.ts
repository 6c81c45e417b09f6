/** What was made of texts, kept by their text. */

/** A cache of what is made of texts. */
export interface DocumentCache<Value> {
  get(text: string): Value | undefined;
  set(text: string, value: Value): void;
}

/** What a document takes beside its text, in characters: there may be very many short ones. */
export const charactersOfDocument = 512;

/**
 * Keeps the documents used last whose texts have no more than so many characters together. A parsed document takes
 * memory in proportion to its text (some 240 bytes a character at the most) and a little more, so that no number of
 * callers with long texts, or with many, can fill the memory.
 */
export function documentCache<Value>(limitInCharacters: number): DocumentCache<Value> {
  // A Map keeps the order of insertion: the document used longest ago comes first.
  const kept = new Map<string, Value>();
  let characters = 0;
  // It stands last already, so that the one that everybody asks for is not moved each time.
  let newest: string | null = null;
  const drop = (text: string): void => {
    if (kept.delete(text)) characters -= sizeOf(text);
  };
  return {
    get: (text) => {
      const value = kept.get(text);
      if (value === undefined || text === newest) return value;
      kept.delete(text);
      kept.set(text, value);
      newest = text;
      return value;
    },
    set: (text, value) => {
      drop(text);
      if (sizeOf(text) > limitInCharacters) return;
      kept.set(text, value);
      newest = text;
      characters += sizeOf(text);
      for (const oldest of kept.keys()) {
        if (characters <= limitInCharacters) break;
        drop(oldest);
      }
    },
  };
}

function sizeOf({ length }: string): number {
  return length + charactersOfDocument;
}
