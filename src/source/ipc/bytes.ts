/** Numbers and bytes in a buffer: a reader, and a writer whose buffer grows. */

/** Reads little-endian data from a `ByteWriter`; throws a RangeError beyond the end. */
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

  /** A view, not a copy. */
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

/** Writes little-endian. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(4_096);
  #length = 0;

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** The written bytes. The writer must not be used after this. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#bytes.writeUInt8(value, at);
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#bytes.writeUInt16LE(value, at);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#bytes.writeUInt32LE(value, at);
  }

  u64(value: bigint): void {
    const at = this.#grow(8);
    this.#bytes.writeBigUInt64LE(value, at);
  }

  i64(value: bigint): void {
    const at = this.#grow(8);
    this.#bytes.writeBigInt64LE(value, at);
  }

  double(value: number): void {
    const at = this.#grow(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  /** Its length first. */
  json(value: unknown): void {
    const text = Buffer.from(JSON.stringify(value));
    this.u32(text.length);
    this.bytes(text);
  }

  /** Makes room, in a larger buffer if necessary, and returns where it begins. */
  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    return at;
  }
}
