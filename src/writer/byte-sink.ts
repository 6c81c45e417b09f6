/** Bytes as they are written, one answer after the other into the same memory. */

/** Room behind what was reserved: words are written four bytes at a time, and some of the last ones may be too many. */
const slackInBytes = 8;
const smallestInBytes = 65_536;

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

const longestPlainText = 64;
const [quote, backslash] = [0x22, 0x5c];
/** What JSON writes as it is, of what takes one byte in UTF-8. */
const [firstPlain, lastPlain] = [0x20, 0x7e];

/** Bytes that are written again and again, such as the name of a field: copied a word at a time. */
export class ConstantBytes {
  readonly length: number;
  readonly #words: Uint32Array;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    const words = new Uint32Array(Math.ceil(bytes.length / 4));
    new Uint8Array(words.buffer).set(bytes);
    this.length = bytes.length;
    this.#words = words;
  }

  /** Where the next byte is to stand. Up to three bytes more are overwritten. */
  writeTo(view: DataView, at: number): number {
    const words = this.#words;
    for (let n = 0; n < words.length; n += 1) view.setUint32(at + n * 4, words[n] ?? 0, hasLittleEnd);
    return at + this.length;
  }
}

/** A word of a Uint32Array is the machine's own; its bytes are to stay in their order. */
export const hasLittleEnd = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
