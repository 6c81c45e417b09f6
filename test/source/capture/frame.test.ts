import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { parseCaptureManifest } from '../../../src/source/capture/frame.ts';

function textWith(frames: unknown): string {
  return JSON.stringify({ format: 'hvql-pages', version: 1, frames });
}

function problemsWith(frames: unknown): readonly string[] {
  try {
    parseCaptureManifest(textWith(frames));
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.problems;
    throw thrown;
  }
  return [];
}

const frame = (n: number) => ({ name: `${n}`, at: '2026-11-20T10:00:00Z', monotonic: `${n}` });
const atNeed = 'an RFC 3339 timestamp such as "2026-11-20T10:00:00.000Z"';

describe("a capture's manifest", () => {
  it('gives the frames their names and times', () => {
    const at = ['2026-11-20T10:00:00.250Z', '2026-11-20T12:00:01.25+02:00', '2026-11-20T09:59:59Z'];
    const { frames } = parseCaptureManifest(textWith(at.map((time, n) => ({ ...frame(n), at: time }))));
    const second = Date.UTC(2026, 10, 20, 10);
    expect(frames).toEqual([
      { name: '0', at: { wallMilliseconds: second + 250, monotonicNanoseconds: 0n } },
      { name: '1', at: { wallMilliseconds: second + 1250, monotonicNanoseconds: 1n } },
      // A wall clock may be set back.
      { name: '2', at: { wallMilliseconds: second - 1000, monotonicNanoseconds: 2n } },
    ]);
  });

  it.each([
    [undefined, 'frames needs a list, but is missing'],
    [[], 'frames needs at least one'],
    [{}, 'frames needs a list, but is {}'],
    [[7], 'frames[0] needs an object, but is 7'],
    [[{ ...frame(0), name: 7 }], "frames[0].name needs a folder's name, but is 7"],
    [[{ ...frame(0), name: '..' }], 'frames[0].name needs a folder\'s name, but is ".."'],
    [[{ ...frame(0), name: 'a/b' }], 'frames[0].name needs a folder\'s name, but is "a/b"'],
    [[{ ...frame(0), name: '' }], 'frames[0].name needs a folder\'s name, but is ""'],
    [[frame(0), { ...frame(1), name: '0' }], 'frames[1].name "0" stands there a second time'],
    [[{ ...frame(0), at: 5 }], `frames[0].at needs ${atNeed}, but is 5`],
    [[{ ...frame(0), at: 'today' }], `frames[0].at needs ${atNeed}, but is "today"`],
    [[{ ...frame(0), at: '2026-11-20' }], `frames[0].at needs ${atNeed}, but is "2026-11-20"`],
    [
      [{ ...frame(0), at: '2026-02-30T00:00:00Z' }],
      `frames[0].at needs ${atNeed}, but is "2026-02-30T00:00:00Z"`,
    ],
    [
      [{ ...frame(0), at: '2026-11-20T25:00:00Z' }],
      `frames[0].at needs ${atNeed}, but is "2026-11-20T25:00:00Z"`,
    ],
    [[{ ...frame(0), monotonic: 0 }], 'frames[0].monotonic needs nanoseconds as a decimal string, but is 0'],
    [
      [{ ...frame(0), monotonic: '-1' }],
      'frames[0].monotonic needs nanoseconds as a decimal string, but is "-1"',
    ],
    [
      [frame(5), frame(7), { ...frame(8), monotonic: '7' }],
      'frames[2].monotonic needs more than 7, that of the frame before, but is 7',
    ],
  ])('with the frames %j is refused', (frames, problem) => {
    expect(problemsWith(frames)).toEqual([`manifest.json: ${problem}.`]);
  });

  it('reports problems of partitions and frames together', () => {
    const text = JSON.stringify({ format: 'x', version: 1, frames: [{ ...frame(0), at: null }] });
    expect(() => parseCaptureManifest(text)).toThrow(/format needs "hvql-pages".*\n.*frames\[0\]\.at needs/);
  });
});
