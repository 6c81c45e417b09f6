/** WebSockets as bytes: what broken clients send, and whether the responses conform to the protocol. */
import { createHash } from 'node:crypto';
import { mutated, oddObject, oddText, randomBytes } from './odd-json.ts';
import { oneOf, rarely, type Choose } from './choice.ts';
import { expectedCodes } from './http-answer.ts';
import { frame, handshakeKey, readFrame } from '../websocket-frame.ts';

/** Close codes that a service may use for any input. */
const closeCodes = [1000, 1002, 1003, 1005, 1007, 1009, 4400, 4401, 4403, 4409, 4429];
const subscriptions = [
  'subscription { hypervisor(every: "100ms") { sampledAt } }',
  'subscription { partition(every: "100ms", suppressUnchanged: true) { name rates { gpaSpaceModifications } } }',
  '{ viewer { partitionId } }',
  '{ hypervisor { logicalProcessors { rates { totalRunTime } } } }',
  'subscription { hypervisor(every: "1ms") { id } }',
  '{ nothing }',
  '{',
];

/** Frames for one connection; most begin with credentials. */
export function oddFrames(choose: Choose, token: string): Buffer[] {
  const init = frame({
    payload: json({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } }),
  });
  const frames = Array.from({ length: 1 + choose(7) }, () => oddFrame(choose));
  return rarely(choose, 5) ? frames : [init, ...frames];
}

/** What is wrong with the bytes after the handshake; empty if they conform to the protocols. */
export function problemsOfFrames(bytes: Buffer): string[] {
  const accept = createHash('sha1')
    .update(`${handshakeKey}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, Math.max(end, 0)).toString();
  if (!head.startsWith('HTTP/1.1 101') || !head.includes(accept)) return [`no handshake: ${head}`];
  const problems: string[] = [];
  for (let rest = bytes.subarray(end + 4); rest.length > 0;) {
    const { opcode, payload, length } = readFrame(rest);
    rest = rest.subarray(length);
    if (opcode === 8) {
      const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      if (!closeCodes.includes(code)) problems.push(`closed with ${code} ${payload.subarray(2).toString()}`);
      if (rest.length > 0) problems.push('there is something behind the end');
    } else if (opcode === 1) problems.push(...problemsOfMessage(JSON.parse(payload.toString())));
    else if (opcode !== 9 && opcode !== 10) problems.push(`a frame of opcode ${opcode}`);
  }
  return problems;
}

function problemsOfMessage(message: { type?: unknown; id?: unknown; payload?: any }): string[] {
  const codesIn = (errors: any[]): string[] =>
    errors.flatMap(({ extensions }) =>
      expectedCodes.has(extensions?.code) ? [] : [`an error in ${JSON.stringify(message)}`],
    );
  switch (message.type) {
    case 'connection_ack':
    case 'pong':
      return [];
    case 'complete':
      return typeof message.id === 'string' ? [] : ['completed nothing'];
    case 'next':
      return codesIn(message.payload.errors ?? []);
    case 'error':
      return codesIn(message.payload);
    default:
      return [`the message ${JSON.stringify(message)}`];
  }
}

function oddFrame(choose: Choose): Buffer {
  const id = oneOf(choose, ['a', 'b', '', '__proto__', 'x'.repeat(300)]);
  const subscribe = { id, type: 'subscribe', payload: { query: oneOf(choose, subscriptions) } };
  const keys = ['type', 'id', 'payload', 'query', '__proto__', 'variables', 'operationName'];
  const types = [
    'connection_init',
    'subscribe',
    'complete',
    'ping',
    'pong',
    'next',
    'error',
    'connection_ack',
    'x',
    '',
  ];
  switch (choose(11)) {
    case 0:
    case 1:
    case 2:
      return frame({ payload: json(subscribe) });
    case 3:
      return frame({ payload: json({ id, type: 'complete' }) });
    case 4:
      return frame({ payload: mutated(choose, json(subscribe)) });
    case 5: {
      const rest = oddObject(choose, { keys }).slice(1);
      return frame({
        payload: Buffer.from(`{"type":"${oneOf(choose, types)}"${rest === '}' ? '' : ','}${rest}`),
      });
    }
    case 6: {
      const payload = oddObject(choose, {
        keys: ['query', 'query', 'variables', 'operationName', 'extensions'],
      });
      return frame({ payload: Buffer.from(`{"id":"c","type":"subscribe","payload":${payload}}`) });
    }
    case 7:
      return frame({ payload: Buffer.from(oddText(choose)) });
    case 8: // bytes that are no text, as text and not
      return frame({ opcode: oneOf(choose, [1, 2]), payload: randomBytes(choose, choose(200)) });
    case 9: // control frames, too long ones and fragments among them
      return frame({
        opcode: oneOf(choose, [8, 9, 10, 0, 1]),
        payload: oneOf(choose, [
          Buffer.alloc(0),
          Buffer.from([3, 232]),
          Buffer.from([0, 1]),
          Buffer.from([3]),
          randomBytes(choose, 126),
        ]),
        isLast: rarely(choose, 2),
      });
    case 10: // reserved bits and opcodes, no mask, an invalid length
      return frame({
        opcode: choose(15),
        reserved: choose(7),
        isMasked: !rarely(choose, 3),
        payload: json(subscribe),
        isLast: !rarely(choose, 3),
        lie: oneOf(choose, [0, 0, 5, 70_000, 2 ** 40]),
      });
    default:
      return randomBytes(choose, 1 + choose(60));
  }
}

function json(content: object): Buffer {
  return Buffer.from(JSON.stringify(content));
}
