/** Connections that do anything: pieces one after the other, cut anywhere, sent in any parts, ended in any way. */
import { rawClient, type RawTarget } from '../raw-client.ts';
import { choicesOf, oneOf, rarely, type Choose } from './choice.ts';
import { pieceKinds, type PieceContext } from './protocol-piece.ts';

/** The targets of fuzzed connections, and their data. */
export interface FuzzTarget extends PieceContext {
  readonly address: RawTarget;
}

const endings = ['FIN', 'RST', 'half-close'] as const;

/** One connection, whose actions are all decided before it begins. */
export interface FuzzedConnection {
  readonly target: FuzzTarget;
  /** The kinds of its pieces. */
  readonly kinds: readonly string[];
  readonly parts: readonly Buffer[];
  readonly isRead: boolean;
  readonly ending: (typeof endings)[number];
  /** Between the last part and the ending. */
  readonly delayMilliseconds: number;
}

/** How long a client that has ended its side waits for the other side to end. */
const halfClosedMilliseconds = 50;

/** How long a client waits until what it has sent is on its way: a service may have stopped reading. */
const flushMilliseconds = 50;

/** The connection that these numbers decide, the same each time. */
export function connectionOf(targets: readonly FuzzTarget[], ...seed: readonly number[]): FuzzedConnection {
  return randomConnection(choicesOf(...seed), targets);
}

/** Any connection to one of the targets. */
export function randomConnection(choose: Choose, targets: readonly FuzzTarget[]): FuzzedConnection {
  const target = oneOf(choose, targets);
  const names = Object.keys(pieceKinds);
  const kinds = Array.from({ length: 1 + choose(5) }, () => oneOf(choose, names)).flatMap((kind) =>
    // The same again finds what two of a kind do to each other.
    rarely(choose, 4) ? Array.from({ length: 2 + choose(4) }, () => kind) : [kind],
  );
  // Half of those with a token do not show it.
  const context = rarely(choose, 2) ? target : { ...target, token: null };
  const whole = Buffer.concat(
    kinds.map((kind) => Buffer.from(pieceKinds[kind]?.(choose, context) as string, 'latin1')),
  );
  const bytes = rarely(choose, 3) ? whole.subarray(0, choose(whole.length)) : whole;
  const cuts = Array.from({ length: choose(3) }, () => choose(bytes.length)).sort((a, b) => a - b);
  const bounds = [0, ...cuts, bytes.length];
  return {
    target,
    kinds,
    parts: bounds.slice(1).map((to, n) => bytes.subarray(bounds[n], to)),
    isRead: !rarely(choose, 4),
    ending: oneOf(choose, endings),
    delayMilliseconds: choose(8),
  };
}

/** Performs it; resolves once it is closed on this side. */
export async function carryOut(connection: FuzzedConnection): Promise<void> {
  const { target, parts, isRead, ending, delayMilliseconds } = connection;
  const { socket, closed, reset } = rawClient(target.address);
  // Its delays are part of its actions.
  const pause = (milliseconds: number, other: Promise<unknown> = closed): Promise<unknown> =>
    Promise.race([closed, other, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
  if (isRead) socket.resume();
  const opening = target.address.kind === 'TLS' ? 'secureConnect' : 'connect';
  await Promise.race([closed, new Promise((resolve) => socket.once(opening, resolve))]);
  let sent = Promise.resolve();
  for (const part of parts) {
    if (!socket.writable) break;
    sent = new Promise((resolve) => void socket.write(part, () => resolve()));
    await pause(0);
  }
  await pause(flushMilliseconds, sent);
  await pause(delayMilliseconds);
  if (ending === 'half-close') {
    socket.end();
    socket.resume();
    await pause(halfClosedMilliseconds);
  }
  if (ending === 'RST') reset();
  else socket.destroy();
  await closed;
}

/** A description of its actions. */
export function describeConnection({ target, kinds, parts, isRead, ending }: FuzzedConnection): string {
  const sizes = parts.map(({ length }) => length).join(' + ');
  return `${target.address.kind}: ${kinds.join(', ')}; ${sizes} bytes, ${isRead ? 'read' : 'not read'}, ${ending}`;
}
