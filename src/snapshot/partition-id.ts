/** Partition ids as people, tokens, manifests and folders write them. */
import { maxUInt64 } from './uint64.ts';

/** The partition id in a text, or null: a decimal u64, not 0 (TLFS 2.0a 5.2.1), without leading zeros. */
export function parsePartitionId(text: string): bigint | null {
  if (!/^[1-9]\d{0,19}$/.test(text)) return null;
  const id = BigInt(text);
  return id <= maxUInt64 ? id : null;
}
