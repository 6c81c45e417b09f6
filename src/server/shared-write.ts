/** Writes bytes that go to many to one of them. */
import type { Socket } from 'node:net';

const nothing = Buffer.alloc(0);

/**
 * Writes. Returns true where all of it is in the kernel's hands already, as it nearly always is; else calls back once it
 * is, or never will be. To be called back by the stream itself would cost a turn and some objects for each of thousands
 * (lib/internal/streams/writable.js, onwrite). A TLS connection always takes its time.
 */
export function writeShared(
  socket: Socket,
  bytes: Buffer,
  onTaken: (problem?: Error | null) => void,
): boolean {
  if (socket.writableLength > 0 || 'encrypted' in socket) {
    socket.write(bytes, onTaken);
    return false;
  }
  socket.write(bytes);
  if (socket.writableLength === 0) return true;
  // Calls back behind what is left.
  socket.write(nothing, onTaken);
  return false;
}
