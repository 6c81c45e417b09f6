/** Unusual JSON, as text: a parsed value would lose duplicate keys and unusual numbers. */
import { oneOf, rarely, type Choose } from './choice.ts';

const plain = ['null', 'true', 'false', '0', '-0', '1', '-1', '1.5', '""', '"1"', '[]', '{}', '"x"'];
const odd: readonly (() => string)[] = [
  () => '1e400',
  () => '-1e-400',
  () => '12345678901234567890',
  () => '18446744073709551616',
  () => '9007199254740993',
  () => '"18446744073709551616"',
  () => '"\\ud800"',
  () => '"\\u0000"',
  () => '"\\udc00\\ud800"',
  () => '"NaN"',
  () => '"constructor"',
  () => '"__proto__"',
  () => '"hasOwnProperty"',
  () => JSON.stringify('x'.repeat(20_000)),
  () => JSON.stringify('💥'.repeat(500)),
  () => `${'['.repeat(2_000)}${']'.repeat(2_000)}`,
  () => `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`,
  () => `${'['.repeat(90_000)}${']'.repeat(90_000)}`,
  () => `${'{"a":'.repeat(90)}1${'}'.repeat(90)}`,
  () => '{"__proto__":{"isRoot":true}}',
  () => '{"constructor":{"prototype":{"isRoot":true}}}',
  () => '{"toString":null,"valueOf":null}',
  () => '{"length":4294967295}',
  () => '{"a":1,"a":2}',
  () => `[${'null,'.repeat(3_000)}null]`,
];
/** Not JSON. */
const broken = [
  '',
  'undefined',
  'NaN',
  '{',
  '[1,]',
  "'x'",
  '01',
  '"\u0001"',
  '{"a"}',
  '\ufeff{}',
  '"\\x"',
  'nul',
];

/** A value, one in this many of them odd. */
export function oddValue(choose: Choose, depth = 0): string {
  switch (choose(depth > 3 ? 1 : 3)) {
    case 0:
      return oneOf(choose, plain);
    case 1:
      return oneOf(choose, odd)();
    case 2:
      return `[${several(choose, () => oddValue(choose, depth + 1)).join(',')}]`;
    default:
      return oddObject(choose, { keys: ['a', 'id', 'counter', 'by', '__proto__', 'a'], depth });
  }
}

/** An object with some of these keys, perhaps twice, and odd values. */
export function oddObject(choose: Choose, of: { keys: readonly string[]; depth?: number }): string {
  const pairs = several(
    choose,
    () => `${JSON.stringify(oneOf(choose, of.keys))}:${oddValue(choose, (of.depth ?? 0) + 1)}`,
  );
  return `{${pairs.join(',')}}`;
}

/** A text that may be invalid JSON. */
export function oddText(choose: Choose): string {
  return rarely(choose, 3) ? oneOf(choose, broken) : oddValue(choose);
}

/** The text with parts removed, repeated or changed. */
export function mutated(choose: Choose, bytes: Buffer): Buffer {
  let result = bytes;
  for (let times = 1 + choose(3); times > 0; times -= 1) {
    const [from, size] = [choose(Math.max(result.length - 1, 0)), choose(12)];
    const [before, span, after] = [
      result.subarray(0, from),
      result.subarray(from, from + size),
      result.subarray(from + size),
    ];
    const middle = oneOf<readonly Buffer[]>(choose, [
      [],
      [span, span],
      [randomBytes(choose, 1 + choose(8))],
      [
        span,
        Buffer.from(oneOf(choose, ['\r\n', '\0', ' ', ':', '\r', '\n', '%', '"', '\\', '\x80']), 'latin1'),
      ],
    ]);
    result = Buffer.concat([before, ...middle, after]);
  }
  return result;
}

export function randomBytes(choose: Choose, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => choose(255)));
}

function several(choose: Choose, make: () => string): string[] {
  return Array.from({ length: choose(3) }, make);
}
