/** Parsed documents, kept by their text. */

/** A cache as Yoga takes it. */
export interface DocumentCache<Value> {
  get(text: string): Value | undefined;
  set(text: string, value: Value): void;
}

/**
 * Keeps the documents used last whose texts have no more than so many characters together. A parsed document takes at
 * most some 400 bytes for each character of its text, so that no number of callers with long texts can fill the memory.
 */
export function documentCache<Value>(limitInCharacters: number): DocumentCache<Value> {
  // A Map keeps the order of insertion: the document used longest ago comes first.
  const kept = new Map<string, Value>();
  let characters = 0;
  const drop = (text: string): void => {
    if (kept.delete(text)) characters -= text.length;
  };
  return {
    get: (text) => {
      const value = kept.get(text);
      if (value === undefined) return undefined;
      kept.delete(text);
      kept.set(text, value);
      return value;
    },
    set: (text, value) => {
      drop(text);
      if (text.length > limitInCharacters) return;
      kept.set(text, value);
      characters += text.length;
      for (const oldest of kept.keys()) {
        if (characters <= limitInCharacters) break;
        drop(oldest);
      }
    },
  };
}
