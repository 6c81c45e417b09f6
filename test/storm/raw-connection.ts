/** A bare socket to the service, for what no library would send. */
import { connect, type Socket } from 'node:net';
import type { Answer } from './answer.ts';
import type { Visit } from './kind.ts';

/** A socket and the text that it received. */
export class RawConnection {
  readonly socket: Socket;
  readonly #closed: Promise<void>;
  #text = '';

  constructor({ port, signal }: Visit) {
    this.socket = connect({ port, host: '127.0.0.1' });
    const cut = (): void => void this.socket.destroy();
    signal.addEventListener('abort', cut);
    this.#closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        signal.removeEventListener('abort', cut);
        resolve();
      });
    });
    this.socket.on('error', () => undefined);
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      if (this.#text.length < 65_536) this.#text += text;
    });
  }

  write(content: string | Buffer): void {
    if (this.socket.writable) this.socket.write(content);
  }

  /** Resolves once the service has closed it, or there is nothing more to wait for. */
  async closed(over?: AbortSignal): Promise<void> {
    const cut = (): void => void this.socket.destroy();
    over?.addEventListener('abort', cut);
    await this.#closed;
    over?.removeEventListener('abort', cut);
  }

  /** Cuts it. */
  async cut(): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }

  /** All that was received. */
  get text(): string {
    return this.#text;
  }

  /** The status of the first answer, or that there was none. */
  get answers(): readonly Answer[] {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(this.#text)?.[1];
    return [
      {
        channel: 'socket',
        code: status === undefined ? 'cut' : `HTTP ${status}`,
        message: this.#text.slice(0, 200),
      },
    ];
  }
}
