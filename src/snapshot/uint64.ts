/** The largest number that 64 bits hold; counters and partition ids are that wide. */
export const maxUInt64 = 2n ** 64n - 1n;
