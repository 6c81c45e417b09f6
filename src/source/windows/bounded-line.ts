/** Splits the bytes of a stream into lines of a limited length. */

/** What happens to the lines. */
export interface LineReader {
  readonly maxBytes: number;
  readonly onLine: (line: string) => void;
  /** Called once for a line that is too long; the rest of the line is dropped. */
  readonly onTooLong: (start: string) => void;
}

const newline = 0x0a;
/** How much of a line that is too long is shown, in bytes. */
const startBytes = 200;

/** Splits chunks into lines. Keeps the start of an unfinished line, up to the limit. */
export class BoundedLines {
  readonly #reader: LineReader;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isTooLong = false;

  constructor(reader: LineReader) {
    this.#reader = reader;
  }

  push(chunk: Uint8Array): void {
    let rest = chunk;
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      this.#hold(rest.subarray(0, end));
      this.#endLine();
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.#hold(rest);
  }

  /** The unfinished line; '' if there is no text after the last newline. */
  rest(): string {
    return Buffer.concat(this.#held).toString('utf8');
  }

  #hold(bytes: Uint8Array): void {
    if (this.#isTooLong) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= this.#reader.maxBytes) return;
    this.#isTooLong = true;
    const start = Buffer.concat(this.#held).subarray(0, startBytes).toString('utf8');
    this.#held = [];
    this.#reader.onTooLong(start);
  }

  #endLine(): void {
    const line = Buffer.concat(this.#held).toString('utf8');
    const isWhole = !this.#isTooLong;
    this.#held = [];
    this.#heldBytes = 0;
    this.#isTooLong = false;
    if (isWhole) this.#reader.onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}
