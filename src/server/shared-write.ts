/** Writes bytes that go to many to one of them. */
import type { Socket } from 'node:net';

const nothing = Buffer.alloc(0);

/**
 * Writes, and calls back once all of it is in the kernel's hands, or never will be: at once where the kernel takes it at
 * once, as it nearly always does. To be called back by the stream itself would cost a turn and some objects for each of
 * thousands (lib/internal/streams/writable.js, onwrite). A TLS connection always takes its time.
 */
export function writeShared(socket: Socket, bytes: Buffer, onTaken: (problem?: Error | null) => void): void {
  if (socket.writableLength > 0 || 'encrypted' in socket) {
    socket.write(bytes, onTaken);
    return;
  }
  socket.write(bytes);
  if (socket.writableLength === 0) onTaken();
  // Calls back behind what is left.
  else socket.write(nothing, onTaken);
}
