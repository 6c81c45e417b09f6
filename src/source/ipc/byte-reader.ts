/** What a `ByteWriter` wrote, one after the other. */

/** Reads little-endian; throws a RangeError behind the end. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#move(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#move(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#move(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#move(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#move(8));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#move(8));
  }

  /** In place: a copy is for whoever keeps them. */
  bytes(count: number): Buffer {
    const at = this.#move(count);
    if (this.#at > this.#bytes.length) throw new RangeError('The bytes end too early');
    return this.#bytes.subarray(at, this.#at);
  }

  json(): unknown {
    return JSON.parse(this.bytes(this.u32()).toString());
  }

  #move(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
