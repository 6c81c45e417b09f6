/** Reads the state of another process of Node, through its inspector (the Chrome DevTools Protocol). */
import { once } from 'node:events';
import { WebSocket } from 'ws';

const answerLimitMilliseconds = 120_000;

/** An open inspector. */
export class Inspector {
  readonly #socket: WebSocket;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(address: string): Promise<Inspector> {
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** The value of an expression, as JSON has it. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result } = (await this.#call('Runtime.evaluate', { expression, returnByValue: true })) as {
      result: { value: Value };
    };
    return result.value;
  }

  /** Collects its garbage. */
  async collectGarbage(): Promise<void> {
    await this.#call('HeapProfiler.collectGarbage', {});
  }

  close(): void {
    this.#socket.terminate();
  }

  async #call(method: string, params: object): Promise<unknown> {
    const id = (this.#lastId += 1);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const signal = AbortSignal.timeout(answerLimitMilliseconds);
    for (;;) {
      const [data] = (await once(this.#socket, 'message', { signal })) as [Buffer];
      const answer = JSON.parse(data.toString()) as {
        id?: number;
        result?: unknown;
        error?: { message: string };
      };
      if (answer.id !== id) continue;
      if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
      return answer.result;
    }
  }
}
