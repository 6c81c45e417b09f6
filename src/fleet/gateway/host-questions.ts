/** The requests of a gateway to its hosts, and their responses, over one wildcard subscription. */
import { randomBytes } from 'node:crypto';
import {
  headers,
  type Msg,
  type MsgHdrs,
  type MsgHdrsImpl,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { HvqlError } from '../../errors.ts';
import {
  authorizationHeader,
  endHeader,
  eventHeader,
  partHeader,
  requestHeader,
  waitHeader,
  togetherHeader,
  type RequestKind,
  type StreamEndKind,
} from '../message.ts';
import { ReplyAssembler } from '../reply-parts.ts';
import { allRepliesTo, askSubject, replySubject } from '../subject.ts';

/** One request to one host. */
export interface HostQuestion {
  readonly host: string;
  /** The parameters of a GraphQL request as JSON. */
  readonly body: Uint8Array;
  /** "Bearer <delegated token>". */
  readonly authorization: string;
  /** Whether other hosts get the same request. @default false */
  readonly isTogether?: boolean;
  /** Called if the host waits for a second reading, with a function that cancels the request. */
  readonly onWait?: (abandon: () => void) => void;
}

/** Receives the events of a subscription from a host. */
export interface HostStreamListener {
  /** The bytes of a result. */
  event(result: Buffer): void;
  /** The stream has ended. unreachable: the host is not available, or violates the protocol. */
  end(kind: StreamEndKind | 'unreachable'): void;
}

/** A subscription on a host. */
export interface HostStream {
  /** Extends it until this token expires. */
  renew(authorization: string): void;
  /** Ends it; the listener is not called again. */
  cancel(): void;
}

/** The options of requests. */
export interface HostQuestionsOptions {
  readonly connection: NatsConnection;
  /** Longer responses are rejected. */
  readonly maxReplyBytes: number;
  /** Called when a lost connection is restored. */
  readonly onReconnect?: () => void;
}

/** The longest time that a host may wait for a second reading before it responds: the default of its `--max-wait`. */
const mostWaitMilliseconds = 60_000;

/** The status of the server's own reply if the subject has no subscribers. */
const noResponders = 503;

/** The contents of the headers of a message to a host. */
interface QuestionHeaders {
  readonly authorization: string;
  readonly kind?: RequestKind;
  readonly isTogether?: boolean;
}

/** Receives the messages to one reply subject. */
interface Pending {
  readonly take: (message: Msg) => void;
  /** The connection is lost: there will be no response. */
  readonly lose: () => void;
}

/**
 * Sends requests by publishing to each host, which costs a third of the client's own `request` and creates no stack trace.
 * If no process subscribes under the name of a host, NATS replies with 503 immediately.
 */
export class HostQuestions {
  readonly #options: HostQuestionsOptions;
  readonly #gateway = randomBytes(9).toString('base64url');
  /** By reply subject, which contains the host's name: no host can respond for another. */
  readonly #pending = new Map<string, Pending>();
  readonly #subscription: Subscription;
  #count = 0;
  #isConnected = true;
  /** The headers of the last request: most requests have the same token. */
  #headers: (QuestionHeaders & { readonly headers: MsgHdrs }) | null = null;

  constructor(options: HostQuestionsOptions) {
    this.#options = options;
    this.#subscription = options.connection.subscribe(allRepliesTo(this.#gateway), {
      callback: (error, message) => {
        if (error === null) this.#onReply(message);
      },
    });
    void this.#followStatus();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The number of pending requests, including streams. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * The bytes of the result of a query. Rejects with HOST_UNREACHABLE if there is no response in time. A host that waits for
   * a second reading may extend the deadline once, by the time that it announces.
   */
  ask(question: HostQuestion, timeoutMilliseconds: number): Promise<Buffer> {
    const { host } = question;
    return new Promise((resolve, reject) => {
      const parts = new ReplyAssembler(this.#options.maxReplyBytes);
      let timer: NodeJS.Timeout | undefined;
      let hasWaited = false;
      const fail = (why: string): void => {
        this.#forget(reply, timer);
        reject(hostUnreachable(host, why));
      };
      const reply = this.#open(host, {
        lose: () => fail('the connection to NATS is lost'),
        take: (message) => {
          if (isNoResponders(message)) {
            fail('it is not connected');
            return;
          }
          const waits = waitOf(message);
          if (waits !== null) {
            if (hasWaited) return;
            hasWaited = true;
            expectWithin(timeoutMilliseconds + waits);
            question.onWait?.(() => end(hostUnreachable(host, 'its response is no longer needed')));
            return;
          }
          try {
            const whole = parts.add(partOf(message));
            if (whole === null) return;
            this.#forget(reply, timer);
            resolve(Buffer.from(whole));
          } catch (thrown) {
            if (!(thrown instanceof HvqlError)) {
              fail('its response is invalid');
              return;
            }
            this.#forget(reply, timer);
            reject(thrown);
          }
        },
      });
      /** Cancels the request on the host; without effect after the response. */
      const end = (error: HvqlError): void => {
        if (!this.#forget(reply, timer)) return;
        this.#publish(reply, { ...question, kind: 'cancel' });
        reject(error);
      };
      const expectWithin = (milliseconds: number): void => {
        clearTimeout(timer);
        timer = setTimeout(() => end(new MissedDeadline(host, milliseconds)), milliseconds);
      };
      expectWithin(timeoutMilliseconds);
      if (!this.#publish(reply, question)) fail('the connection to NATS is lost');
    });
  }

  /** Subscribes on a host. */
  watch(question: HostQuestion, listener: HostStreamListener): HostStream {
    const { host } = question;
    const parts = new ReplyAssembler(this.#options.maxReplyBytes);
    const end = (kind: StreamEndKind | 'unreachable'): void => {
      if (this.#forget(reply)) listener.end(kind);
    };
    const reply = this.#open(host, {
      lose: () => end('unreachable'),
      take: (message) => {
        if (isNoResponders(message)) {
          end('unreachable');
          return;
        }
        const ended = message.headers?.get(endHeader) ?? '';
        if (ended !== '') {
          end(ended as StreamEndKind);
          return;
        }
        try {
          const whole = parts.add(partOf(message));
          if (whole === null) return;
          listener.event(Buffer.from(whole));
          // A rejection has no number, and nothing follows it.
          if ((message.headers?.get(eventHeader) ?? '') === '') end('complete');
        } catch (thrown) {
          this.#publish(reply, { host, authorization: '', kind: 'cancel' });
          if (!(thrown instanceof HvqlError)) {
            end('unreachable');
            return;
          }
          const { message: text, extensions } = thrown;
          listener.event(Buffer.from(JSON.stringify({ errors: [{ message: text, extensions }] })));
          end('complete');
        }
      },
    });
    if (!this.#publish(reply, question)) queueMicrotask(() => end('unreachable'));
    return {
      renew: (authorization) => void this.#publish(reply, { host, authorization, kind: 'renew' }),
      cancel: () => {
        if (this.#forget(reply)) this.#publish(reply, { host, authorization: '', kind: 'cancel' });
      },
    };
  }

  /** Sends no further requests. Pending requests get no response. */
  close(): void {
    this.#subscription.unsubscribe();
  }

  /** Registers a listener for the responses of a host, and returns their reply subject. */
  #open(host: string, pending: Pending): string {
    const question = (this.#count += 1).toString(36);
    const reply = replySubject({ host, gateway: this.#gateway, question });
    this.#pending.set(reply, pending);
    return reply;
  }

  #forget(reply: string, timer?: NodeJS.Timeout): boolean {
    clearTimeout(timer);
    return this.#pending.delete(reply);
  }

  /** Returns false if the connection is lost: messages published then are not delivered. */
  #publish(
    reply: string,
    message: QuestionHeaders & { readonly host: string; readonly body?: Uint8Array },
  ): boolean {
    const { host, body = new Uint8Array() } = message;
    const { connection } = this.#options;
    if (!this.#isConnected || connection.isClosed()) return false;
    connection.publish(askSubject(host), body, { reply, headers: this.#headersOf(message) });
    return true;
  }

  #headersOf({ authorization, kind, isTogether = false }: QuestionHeaders): MsgHdrs {
    if (kind !== undefined) return headersOf({ authorization, kind });
    if (this.#headers?.authorization !== authorization || this.#headers.isTogether !== isTogether) {
      const made = headersOf({ authorization, isTogether });
      const encoded = made.encode();
      // The client would encode the headers again for each message.
      this.#headers = { authorization, isTogether, headers: Object.assign(made, { encode: () => encoded }) };
    }
    return this.#headers.headers;
  }

  /** Messages published while the connection is lost are not delivered, and earlier requests get no response. */
  async #followStatus(): Promise<void> {
    for await (const { type } of this.#options.connection.status()) {
      if (type === 'reconnect') {
        this.#isConnected = true;
        this.#options.onReconnect?.();
      }
      if (type !== 'disconnect') continue;
      this.#isConnected = false;
      for (const { lose } of [...this.#pending.values()]) lose();
    }
  }

  #onReply(message: Msg): void {
    this.#pending.get(message.subject)?.take(message);
  }
}

/** A host has not responded in time. */
export class MissedDeadline extends HvqlError {
  constructor(host: string, milliseconds: number) {
    const why = `it has not responded within ${milliseconds} ms`;
    super('HOST_UNREACHABLE', unreachableMessage(host, why), { host });
  }
}

/** The error in place of the response of a host. */
export function hostUnreachable(host: string, why: string): HvqlError {
  return new HvqlError('HOST_UNREACHABLE', unreachableMessage(host, why), { host });
}

function unreachableMessage(host: string, why: string): string {
  return `The host ${host} is unreachable: ${why}.`;
}

function headersOf({ authorization, kind, isTogether = false }: QuestionHeaders): MsgHdrsImpl {
  const all = headers() as MsgHdrsImpl;
  if (authorization !== '') all.set(authorizationHeader, authorization);
  if (kind !== undefined) all.set(requestHeader, kind);
  if (isTogether) all.set(togetherHeader, '1');
  return all;
}

function isNoResponders({ data, headers: all }: Msg): boolean {
  return data.length === 0 && all?.code === noResponders;
}

/** The waiting time that a host announces, in milliseconds; null for any other message. */
function waitOf({ data, headers: all }: Msg): number | null {
  const text = data.length === 0 ? (all?.get(waitHeader) ?? '') : '';
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), mostWaitMilliseconds) : null;
}

function partOf({ data, headers: all }: Msg): { readonly bytes: Uint8Array; readonly part: string | null } {
  return { bytes: data, part: all?.get(partHeader) || null };
}
