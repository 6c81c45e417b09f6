/**
 * The subjects of a fleet. A host's NATS user may publish and subscribe only below `hvql.host.<its name>`, and may not
 * publish on any `.ask`. A subject therefore identifies the publisher, and no host can send requests to another.
 */

/** The subject of requests to a host; only gateways publish there. */
export function askSubject(host: string): string {
  return `hvql.host.${host}.ask`;
}

/** The subject of a host's heartbeats, one every five seconds. */
export function aliveSubject(host: string): string {
  return `hvql.host.${host}.alive`;
}

/** The subject on which an instance responds with its instance number, so that a second one with the same name detects it. */
export function instanceSubject(host: string): string {
  return `hvql.host.${host}.instance`;
}

/** The prefix of the subjects of responses to the host itself. */
export function inboxPrefixOf(host: string): string {
  return `hvql.host.${host}.inbox`;
}

/** The wildcard subject of a gateway: all responses to its own requests. */
export function allRepliesTo(gateway: string): string {
  return `hvql.host.*.to.${gateway}.*`;
}

/** The reply subject of one request of a gateway to a host. */
export function replySubject({ host, gateway, question }: ReplyAddress): string {
  return `hvql.host.${host}.to.${gateway}.${question}`;
}

/** The host, gateway and request of a reply subject. */
export interface ReplyAddress {
  readonly host: string;
  /** Chosen at random by each gateway. */
  readonly gateway: string;
  readonly question: string;
}

/** The parts of a reply subject; null for any other text. */
export function parseReplySubject(subject: string): ReplyAddress | null {
  const parts = subject.split('.');
  const [hvql, kind, host = '', to, gateway = '', question = ''] = parts;
  if (parts.length !== 6 || hvql !== 'hvql' || kind !== 'host' || to !== 'to') return null;
  return /^[\w-]{1,64}$/.test(gateway) && /^[\w-]{1,64}$/.test(question) ? { host, gateway, question } : null;
}

/** The wildcard subject of the heartbeats of all hosts. */
export const everyAlive = 'hvql.host.*.alive';

/** The name of the host in one of its subjects; null for any other text. */
export function hostOfSubject(subject: string): string | null {
  const [hvql, kind, host] = subject.split('.', 3);
  return hvql === 'hvql' && kind === 'host' ? (host ?? null) : null;
}
