/** Maps that forget their oldest entry instead of growing without bound. Reading them costs no more than a Map. */

/** Sets an entry of a map that keeps at most `limit` entries: the oldest one makes room for a new key. */
export function setBounded<Key, Value>(
  map: Map<Key, Value>,
  entry: { readonly key: Key; readonly value: Value; readonly limit: number },
): void {
  const { key, value, limit } = entry;
  if (map.size >= limit && !map.has(key)) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(key, value);
}
