/** Growable byte buffers for responses, and a pool of them. */

/** Space after the reserved bytes: bytes are written eight at a time, and the last write may exceed the reservation. */
const slackInBytes = 8;
const smallestInBytes = 8_192;

/** A growable buffer. Call `reserve` before writing to `view`. */
export class ByteSink {
  /** The number of bytes written. Reducing it discards the bytes after it. */
  length = 0;
  #bytes: Buffer;
  #view: DataView;

  constructor(sizeInBytes = smallestInBytes) {
    this.#bytes = Buffer.allocUnsafeSlow(sizeInBytes);
    this.#view = viewOf(this.#bytes);
  }

  /** The memory, valid until the next `reserve`. After writing to it, set `length`. */
  get view(): DataView {
    return this.#view;
  }

  get sizeInBytes(): number {
    return this.#bytes.byteLength;
  }

  /** The written bytes, not copied: the next response overwrites them. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count + slackInBytes;
    if (needed <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.byteLength * 2));
    larger.set(this.written());
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }

  /** Writes prepared bytes. */
  constant(bytes: ConstantBytes): void {
    this.reserve(bytes.length);
    this.length = bytes.writeTo(this.#view, this.length);
  }

  /** Writes an ASCII text. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { length } = this;
    for (let n = 0; n < text.length; n += 1) this.#view.setUint8(length + n, text.charCodeAt(n));
    this.length = length + text.length;
  }

  /** Writes a text as a JSON string in UTF-8. */
  jsonString(text: string): void {
    if (!this.#plainString(text)) this.#anyString(JSON.stringify(text));
  }

  /** Handles short texts without escapes, which are nearly all: writing them byte by byte is fastest. */
  #plainString(text: string): boolean {
    const { length } = text;
    if (length > longestPlainText) return false;
    this.reserve(length + 2);
    const view = this.#view;
    let at = this.length;
    view.setUint8(at++, quote);
    for (let n = 0; n < length; n += 1) {
      const code = text.charCodeAt(n);
      if (code < firstPlain || code > lastPlain || code === quote || code === backslash) return false;
      view.setUint8(at++, code);
    }
    view.setUint8(at++, quote);
    this.length = at;
    return true;
  }

  #anyString(json: string): void {
    // A UTF-16 code unit takes at most three bytes in UTF-8.
    this.reserve(json.length * 3);
    this.length += this.#bytes.write(json, this.length);
  }
}

/** Limits of the pool: the number of free sinks, and their bytes. Reuse saves a third of the time of a large response. */
const maxSinks = 64;
const maxBytes = 16_777_216;

const free: ByteSink[] = [];
let freeBytes = 0;

/** Takes an empty sink from the pool, or creates one. */
export function acquireSink(): ByteSink {
  const sink = free.pop();
  if (sink === undefined) return new ByteSink();
  freeBytes -= sink.sizeInBytes;
  return sink;
}

/** Returns a sink to the pool. Its bytes must not be used any more. A sink that is never released is garbage-collected. */
export function releaseSink(sink: ByteSink): void {
  if (free.length >= maxSinks || freeBytes + sink.sizeInBytes > maxBytes) return;
  sink.length = 0;
  freeBytes += sink.sizeInBytes;
  free.push(sink);
}

const longestPlainText = 64;
const [quote, backslash] = [0x22, 0x5c];
/** The range of characters that take one byte in UTF-8 and that JSON writes without an escape. */
const [firstPlain, lastPlain] = [0x20, 0x7e];

/**
 * ASCII bytes that are written often, such as the name of a field. Eight of them are moved as one double; no ASCII text
 * has the bit pattern of a NaN.
 */
export class ConstantBytes {
  readonly length: number;
  readonly #words: DataView;

  constructor(text: string) {
    this.length = text.length;
    this.#words = wordsOf(text);
  }

  /** Returns the offset of the next byte. May overwrite up to seven bytes after it. */
  writeTo(view: DataView, at: number): number {
    const words = this.#words;
    for (let n = 0; n < words.byteLength; n += 8) view.setFloat64(at + n, words.getFloat64(n, true), true);
    return at + this.length;
  }
}

/** An ASCII text, padded to a multiple of eight bytes. */
export function wordsOf(text: string): DataView {
  const bytes = new Uint8Array(Math.ceil(text.length / 8) * 8);
  for (let n = 0; n < text.length; n += 1) {
    const code = text.charCodeAt(n);
    if (code > lastPlain) throw new RangeError(`${JSON.stringify(text)} is not ASCII`);
    bytes[n] = code;
  }
  return new DataView(bytes.buffer);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
