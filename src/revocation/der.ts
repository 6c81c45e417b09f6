/** A reader of DER (ITU-T X.690), for the few parts of certificates and CRLs that node does not offer. */

/** One element. `whole` includes its tag and length. */
export interface DerElement {
  readonly tag: number;
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** The tags that certificates and CRLs are read by. */
export const derTags = { integer: 0x02, sequence: 0x30, version: 0xa0 };

/** The elements that these bytes consist of. Throws a RangeError for anything else. */
export function* derElements(bytes: Buffer): Generator<DerElement, void> {
  for (let at = 0; at < bytes.length;) {
    const element = derElement(bytes.subarray(at));
    yield element;
    at += element.whole.length;
  }
}

/** The element at the start of these bytes. Throws a RangeError for anything else. */
export function derElement(bytes: Buffer): DerElement {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new RangeError('the end is missing');
  // Long tags and indefinite lengths do not occur in the DER of certificates.
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if ((tag & 0x1f) === 0x1f || first === 0x80 || lengthBytes > 4)
    throw new RangeError('an element is not in DER');
  const begin = 2 + lengthBytes;
  if (bytes.length < begin) throw new RangeError('the end is missing');
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  if (bytes.length < begin + length) throw new RangeError('the end is missing');
  return { tag, whole: bytes.subarray(0, begin + length), content: bytes.subarray(begin, begin + length) };
}
