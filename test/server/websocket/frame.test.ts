/**
 * What a WebSocket answers to frames, in the groups of the Autobahn test suite: each row has the bytes of a client, and
 * all that comes back. Messages are pings of graphql-transport-ws, whose payload comes back in a pong.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawClient } from '../../raw-client.ts';
import { frame, handshake, readFrame } from '../../websocket-frame.ts';
import { startTestService, type TestService } from '../test-service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A message whose answer has the same text in it. */
const message = (text: string): Buffer => Buffer.from(`{"type":"ping","payload":{"text":"${text}"}}`);
/** What comes back for it. */
const answer = (text: string): string => `text {"type":"pong","payload":{"text":"${text}"}}`;
const text = (payload: Buffer | string): Buffer => frame({ payload });
const ping = (payload: Buffer | string): Buffer => frame({ opcode: opcodes.ping, payload });
const pong = (payload: Buffer | string): Buffer => frame({ opcode: opcodes.pong, payload });
/** A close frame: with nothing, with a code, or with a code and these bytes. */
function close(code?: number, reason: Buffer | string = ''): Buffer {
  const payload = Buffer.concat([Buffer.alloc(code === undefined ? 0 : 2), Buffer.from(reason)]);
  if (code !== undefined) payload.writeUInt16BE(code, 0);
  return frame({ opcode: opcodes.close, payload });
}
/** A message in fragments of these sizes; the rest is the last one. */
function fragments(payload: Buffer, sizes: readonly number[]): Buffer[] {
  let at = 0;
  const parts = sizes.map((size) => payload.subarray(at, (at += size)));
  return [...parts, payload.subarray(at)].map((part, n) =>
    frame({
      opcode: n === 0 ? opcodes.text : opcodes.continuation,
      isLast: n === sizes.length,
      payload: part,
    }),
  );
}
const bytesOf = (...bytes: number[]): Buffer => Buffer.from(bytes);
/** A message with these bytes in its text. */
const messageOf = (bytes: Buffer): Buffer => {
  const [before = '', after = ''] = message('|').toString().split('|');
  return Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
};

/** A row of the table. A client that is still connected after its frames closes with 1000. */
type Row = readonly [what: string, frames: Buffer | readonly Buffer[], outcome: readonly string[]];

/** The protocol was broken (RFC 6455, 7.4.1). */
const broken = ['close 1002'];
const notUtf8 = ['close 1007'];
const tooLong = ['close 1009'];
const fine = ['close 1000'];
const half = Math.floor(message('hello').length / 2);

const groups: Readonly<Record<string, readonly Row[]>> = {
  'a message': [
    ['without text violates the protocol', text(''), ['close 4400']],
    ...[1, 79, 80, 65_490, 65_491, 65_500].map((length): Row => {
      const long = 'x'.repeat(length);
      return [`of ${message(long).length} bytes`, text(message(long)), [answer(long), ...fine]];
    }),
    [
      'in binary form violates the protocol',
      frame({ opcode: opcodes.binary, payload: message('x') }),
      ['close 4400'],
    ],
    [
      'after another one in one write',
      [Buffer.concat([text(message('1')), text(message('2'))])],
      [answer('1'), answer('2'), ...fine],
    ],
  ],
  'a ping': [
    ['without a payload', ping(''), ['pong ', ...fine]],
    ['with a text', ping('hello'), ['pong hello', ...fine]],
    ['with bytes that are not text', ping(bytesOf(0, 0xff, 0xfe, 0xfd)), ['pong \0���', ...fine]],
    ['of the maximum length', ping('x'.repeat(125)), [`pong ${'x'.repeat(125)}`, ...fine]],
    ['that is too long by one byte', ping('x'.repeat(126)), broken],
    [
      'among ten',
      Array.from({ length: 10 }, (_, n) => ping(`p${n}`)),
      [...Array.from({ length: 10 }, (_, n) => `pong p${n}`), ...fine],
    ],
    ['that is a fragment', frame({ opcode: opcodes.ping, isLast: false, payload: 'x' }), broken],
    [
      'whose length is encoded in two bytes',
      frame({ opcode: opcodes.ping, payload: 'x', lengthBytes: 3 }),
      broken,
    ],
    [
      'whose length is encoded in eight bytes',
      frame({ opcode: opcodes.ping, payload: 'x', lengthBytes: 9 }),
      broken,
    ],
  ],
  'an unsolicited pong': [
    ['without a payload', pong(''), fine],
    ['with a text', pong('hello'), fine],
    ['before a ping', [pong('hello'), ping('x')], ['pong x', ...fine]],
    ['of 126 bytes', pong('x'.repeat(126)), broken],
    ['that is a fragment', frame({ opcode: opcodes.pong, isLast: false }), broken],
  ],
  'reserved bits': [
    ...[1, 2, 3, 4, 5, 6, 7].map((reserved): Row => [
      `${reserved} of a text`,
      frame({ reserved, payload: message('x') }),
      broken,
    ]),
    ...[1, 2, 4].map((reserved): Row => [
      `${reserved} of a ping`,
      frame({ reserved, opcode: opcodes.ping }),
      broken,
    ]),
    ...[1, 2, 4].map((reserved): Row => [
      `${reserved} of a close`,
      frame({ reserved, opcode: opcodes.close }),
      broken,
    ]),
    [
      'of a continuation',
      [frame({ isLast: false, payload: 'x' }), frame({ opcode: 0, reserved: 4, payload: 'x' })],
      broken,
    ],
    ['after a valid message', [text(message('x')), frame({ reserved: 1 })], [answer('x'), ...broken]],
  ],
  'a reserved opcode': [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): Row[] => [
    [`${opcode}`, frame({ opcode, payload: 'x' }), broken],
    [`${opcode} without a payload`, frame({ opcode }), broken],
    [`${opcode} after a valid message`, [text(message('x')), frame({ opcode })], [answer('x'), ...broken]],
  ]),
  fragments: [
    ['of a message in two parts', fragments(message('hello'), [half]), [answer('hello'), ...fine]],
    ['of a message, the first empty', fragments(message('hello'), [0]), [answer('hello'), ...fine]],
    [
      'of a message, the last empty',
      fragments(message('hello'), [message('hello').length]),
      [answer('hello'), ...fine],
    ],
    [
      'of a message, all of one byte',
      fragments(
        message('hello'),
        message('hello')
          .toString()
          .split('')
          .slice(1)
          .map(() => 1),
      ),
      [answer('hello'), ...fine],
    ],
    ['of an empty message', fragments(Buffer.alloc(0), [0, 0]), ['close 4400']],
    [
      'with a ping between them',
      join(fragments(message('hello'), [half]), ping('p')),
      ['pong p', answer('hello'), ...fine],
    ],
    [
      'with pings between them, all of one byte',
      join(fragments(message('x'), [1, 1]), ping('p')),
      ['pong p', 'pong p', answer('x'), ...fine],
    ],
    [
      'with a pong between them',
      join(fragments(message('hello'), [half]), pong('p')),
      [answer('hello'), ...fine],
    ],
    ['with a close between them', join(fragments(message('hello'), [half]), close(1000)), fine],
    [
      'with another message between them',
      join(fragments(message('hello'), [half]), text(message('x'))),
      broken,
    ],
    [
      'with a fragment of another message between them',
      join(fragments(message('hello'), [half]), frame({ isLast: false, payload: 'x' })),
      broken,
    ],
    ['without a first one', frame({ opcode: opcodes.continuation, payload: 'x' }), broken],
    [
      'without a first and a last one',
      frame({ opcode: opcodes.continuation, isLast: false, payload: 'x' }),
      broken,
    ],
    [
      'after a complete message',
      [text(message('x')), frame({ opcode: opcodes.continuation })],
      [answer('x'), ...broken],
    ],
    ['without a last one', frame({ isLast: false, payload: message('x') }), fine],
    [
      'in too large a number',
      Array.from({ length: 17_000 }, (_, n) => frame({ opcode: n === 0 ? 1 : 0, isLast: false })),
      ['close 1008'],
    ],
    ['that are too long in total', fragments(Buffer.alloc(1_100_000, 0x20), [500_000, 500_000]), tooLong],
  ],
  'a text': [
    ...['κόσμε', '\u007f\u0080', '\u07ff\u0800', '\uffff', '\ufeff', '\ufffd', '\u{10000}', '\u{10ffff}'].map(
      (characters): Row => [
        `of ${Array.from(characters, (each) => `U+${each.codePointAt(0)?.toString(16)}`).join(' ')}`,
        text(message(characters)),
        [answer(characters), ...fine],
      ],
    ),
    [
      'whose character is cut by a fragment',
      fragments(message('é'), [message('').indexOf('""') + 2]),
      [answer('é'), ...fine],
    ],
    [
      'whose characters arrive one byte at a time',
      fragments(
        message('κόσμε🙂'),
        Array.from({ length: 44 }, () => 1),
      ),
      [answer('κόσμε🙂'), ...fine],
    ],
    ...Object.entries({
      'a lone continuation': [0x80],
      'two lone continuations': [0x80, 0xbf],
      'a first byte alone': [0xc3],
      'two of three bytes': [0xe2, 0x82],
      'three of four bytes': [0xf0, 0x9f, 0x99],
      'a first byte that there is not': [0xfe],
      'a byte that there is not': [0xff],
      'an overlong slash of two bytes': [0xc0, 0xaf],
      'an overlong slash of three bytes': [0xe0, 0x80, 0xaf],
      'an overlong slash of four bytes': [0xf0, 0x80, 0x80, 0xaf],
      'a high surrogate': [0xed, 0xa0, 0x80],
      'a low surrogate': [0xed, 0xbf, 0xbf],
      'a pair of surrogates': [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80],
      'a character beyond the last': [0xf4, 0x90, 0x80, 0x80],
      'five bytes': [0xf8, 0x88, 0x80, 0x80, 0x80],
      'six bytes': [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80],
    }).flatMap(([what, bytes]): Row[] => [
      [`with ${what}`, text(messageOf(Buffer.from(bytes))), notUtf8],
      [
        `with ${what} in fragments of one byte`,
        fragments(
          messageOf(Buffer.from(bytes)),
          message('')
            .toString()
            .split('')
            .map(() => 1),
        ),
        notUtf8,
      ],
    ]),
    [
      'that ends in the middle of a character',
      text(Buffer.concat([message(''), bytesOf(0xf0, 0x9f)])),
      notUtf8,
    ],
  ],
  'a close': [
    ['without a code', close(), ['close']],
    ['with a code', close(1000), fine],
    ['with a reason', close(1000, 'done'), ['close 1000 done']],
    ['with the longest reason', close(1000, 'x'.repeat(123)), [`close 1000 ${'x'.repeat(123)}`]],
    ['with a longer reason', close(1000, 'x'.repeat(124)), broken],
    ['with half a code', frame({ opcode: opcodes.close, payload: bytesOf(3) }), broken],
    ['with a reason that is not UTF-8', close(1000, bytesOf(0xc3, 0x28)), notUtf8],
    [
      'that is a fragment',
      frame({ opcode: opcodes.close, isLast: false, payload: bytesOf(3, 0xe8) }),
      broken,
    ],
    ['before a message', [close(1000), text(message('x'))], fine],
    ['before a ping', [close(1000), ping('x')], fine],
    ['before another', [close(1000), close(1001)], fine],
    ['after a message', [text(message('x')), close(1000)], [answer('x'), ...fine]],
    ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map(
      (code): Row => [`with the code ${code}`, close(code), [`close ${code}`]],
    ),
    ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code): Row => [
      `with the code ${code}, which may not be sent`,
      close(code),
      broken,
    ]),
  ],
  'a mask': [
    ['is required for a text', frame({ payload: message('x'), isMasked: false }), broken],
    ['is required for a ping', frame({ opcode: opcodes.ping, isMasked: false }), broken],
    ['is required for a close', frame({ opcode: opcodes.close, isMasked: false }), broken],
    [
      'is required for a continuation',
      [frame({ isLast: false, payload: 'x' }), frame({ opcode: 0, isMasked: false })],
      broken,
    ],
  ],
  'a length': [
    // The demand for the fewest bytes (RFC 6455, 5.2) is one on senders.
    [
      'in two bytes where one suffices',
      frame({ payload: message('x'), lengthBytes: 3 }),
      [answer('x'), ...fine],
    ],
    [
      'in eight bytes where fewer suffice',
      frame({ payload: message('x'), lengthBytes: 9 }),
      [answer('x'), ...fine],
    ],
    ['above the maximum of a message', frame({ lie: 1_048_577 }), tooLong],
    ['of 2^32 bytes', frame({ lie: 2 ** 32 }), tooLong],
    ['of 2^53 bytes', frame({ lie: 2 ** 53 }), tooLong],
    ['with its highest bit set', Buffer.concat([bytesOf(0x81, 0xff, 0x80), Buffer.alloc(7 + 4)]), tooLong],
    ['above the maximum of a control frame', frame({ opcode: opcodes.ping, lie: 70_000 }), broken],
    [
      'above the maximum of a message, after other fragments',
      [frame({ isLast: false, payload: 'x'.repeat(1_000) }), frame({ opcode: 0, lie: 1_048_000 })],
      tooLong,
    ],
  ],
  'compression that was not negotiated': [
    ['is not offered in the response to the handshake', [], fine],
    [
      'is refused in a message',
      frame({ reserved: 4, payload: bytesOf(0xaa, 0x56, 0x2a, 0xa9, 0x2c) }),
      broken,
    ],
    [
      'is refused in the first fragment',
      frame({ reserved: 4, isLast: false, payload: bytesOf(0xaa) }),
      broken,
    ],
  ],
};

/** Something between any two of these. */
function join(frames: readonly Buffer[], between: Buffer): Buffer[] {
  return frames.flatMap((each, n) => (n === 0 ? [each] : [between, each]));
}

/** How a client writes its bytes. */
const writings = {
  'at once': (bytes: Buffer): readonly Buffer[] => [bytes],
  'a byte at a time': (bytes: Buffer): readonly Buffer[] =>
    Array.from(bytes, (_, n) => bytes.subarray(n, n + 1)),
} as const;

/** All responses to these frames: kinds of frames with their payloads, until the connection is closed. */
async function outcomeOf(
  bytes: Buffer,
  writing: keyof typeof writings,
): Promise<{ head: string; frames: string[] }> {
  const { socket, closed } = rawClient({ kind: 'plain', port: service.port });
  socket.setNoDelay(true);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.on('end', () => socket.end());
  const opened = new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.write(
    handshake
      .toString('latin1')
      .replace(
        'Upgrade: websocket',
        'Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
      ),
  );
  await Promise.race([opened, closed]);
  for (const piece of writings[writing](bytes)) {
    if (socket.destroyed) break;
    socket.write(piece);
    // Each piece is on its way before the next.
    if (writing === 'a byte at a time') await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  const all = Buffer.concat(parts);
  const end = all.indexOf('\r\n\r\n') + 4;
  const frames: string[] = [];
  for (let rest = all.subarray(end); rest.length > 0;) {
    const read = readFrame(rest);
    rest = rest.subarray(read.length);
    frames.push(inWords(read));
  }
  return { head: all.subarray(0, end).toString(), frames };
}

function inWords({ opcode, payload }: ReturnType<typeof readFrame>): string {
  if (opcode !== opcodes.close) {
    const [name = `opcode ${opcode}`] = Object.entries(opcodes).find(([, each]) => each === opcode) ?? [];
    return `${name} ${payload.toString()}`;
  }
  const code = payload.length < 2 ? [] : [String(payload.readUInt16BE(0))];
  const reason = payload.subarray(2).toString();
  // The other reasons are words of ws, which are not tested here.
  return ['close', ...code, ...(code[0] === '1000' && reason !== '' ? [reason] : [])].join(' ');
}

describe.each(Object.entries(groups))('%s', (_, rows) => {
  it.each(rows)('%s', async (_what, frames, outcome) => {
    const bytes = Buffer.concat([...[frames].flat(), close(1000)]);
    // Long inputs are cut by the network as well.
    const ways = bytes.length < 400 ? (['at once', 'a byte at a time'] as const) : (['at once'] as const);
    for (const writing of ways) {
      const { head, frames: got } = await outcomeOf(bytes, writing);
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
      expect(head).not.toMatch(/extensions/i);
      expect(got, writing).toEqual(outcome);
    }
  });
});
