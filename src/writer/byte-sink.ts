/** Bytes as they are written, one answer after the other into the same memory. */

/** Room behind what was reserved: bytes are written eight at a time, and some of the last ones may be too many. */
const slackInBytes = 8;
const smallestInBytes = 8_192;

/** Grows as it is written to; whoever writes reserves room first. */
export class ByteSink {
  /** How many bytes have been written. Set back, it takes back what was written since. */
  length = 0;
  #bytes: Buffer;
  #view: DataView;

  constructor(sizeInBytes = smallestInBytes) {
    this.#bytes = Buffer.allocUnsafeSlow(sizeInBytes);
    this.#view = viewOf(this.#bytes);
  }

  /** The memory, until the next `reserve`: whoever writes to it says so in `length`. */
  get view(): DataView {
    return this.#view;
  }

  get sizeInBytes(): number {
    return this.#bytes.byteLength;
  }

  /** What has been written, in place: the next answer overwrites it. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** Makes room for so many bytes more. */
  reserve(count: number): void {
    const needed = this.length + count + slackInBytes;
    if (needed <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.byteLength * 2));
    larger.set(this.written());
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }

  /** Writes bytes that were prepared. */
  constant(bytes: ConstantBytes): void {
    this.reserve(bytes.length);
    this.length = bytes.writeTo(this.#view, this.length);
  }

  /** Writes a text of which every character is one byte. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { length } = this;
    for (let n = 0; n < text.length; n += 1) this.#view.setUint8(length + n, text.charCodeAt(n));
    this.length = length + text.length;
  }

  /** Writes a text as JSON, in quotation marks and UTF-8. */
  jsonString(text: string): void {
    if (!this.#plainString(text)) this.#anyString(JSON.stringify(text));
  }

  /** Short texts without anything special in them are nearly all there are: letter by letter is quickest. */
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
    // A unit of UTF-16 takes three bytes at the most.
    this.reserve(json.length * 3);
    this.length += this.#bytes.write(json, this.length);
  }
}

/** Answers that leave together; more of them take memory of their own. */
const maxSinks = 64;
const maxBytes = 16_777_216;

const free: ByteSink[] = [];
let freeBytes = 0;

/** An empty sink, which nobody else has. */
export function acquireSink(): ByteSink {
  const sink = free.pop();
  if (sink === undefined) return new ByteSink();
  freeBytes -= sink.sizeInBytes;
  return sink;
}

/** Takes a sink back that nobody reads any more; one that never comes back is garbage. */
export function releaseSink(sink: ByteSink): void {
  if (free.length >= maxSinks || freeBytes + sink.sizeInBytes > maxBytes) return;
  sink.length = 0;
  freeBytes += sink.sizeInBytes;
  free.push(sink);
}

const longestPlainText = 64;
const [quote, backslash] = [0x22, 0x5c];
/** What JSON writes as it is, of what takes one byte in UTF-8. */
const [firstPlain, lastPlain] = [0x20, 0x7e];

/**
 * Bytes that are written again and again, such as the name of a field: ASCII, so that eight of them can be moved as a
 * double, of which none is a NaN.
 */
export class ConstantBytes {
  readonly length: number;
  readonly #words: DataView;

  constructor(text: string) {
    this.length = text.length;
    this.#words = wordsOf(text);
  }

  /** Where the next byte is to stand. Up to seven bytes more are overwritten. */
  writeTo(view: DataView, at: number): number {
    const words = this.#words;
    for (let n = 0; n < words.byteLength; n += 8) view.setFloat64(at + n, words.getFloat64(n, true), true);
    return at + this.length;
  }
}

/** An ASCII text, with room behind it to the next multiple of eight bytes. */
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
