/**
 * The subjects of a fleet. A host's user of NATS may publish and subscribe below `hvql.host.<its name>` only, and may not
 * publish on any `.ask`: so a subject says who has published, and no host can ask another.
 */

/** What hosts are asked on; only gateways publish there. */
export function askSubject(host: string): string {
  return `hvql.host.${host}.ask`;
}

/** Where a host says every five seconds that it is alive. */
export function aliveSubject(host: string): string {
  return `hvql.host.${host}.alive`;
}

/** Where an instance answers with its number, so that a second one of the same name notices it. */
export function instanceSubject(host: string): string {
  return `hvql.host.${host}.instance`;
}

/** The prefix of the subjects on which a host itself is answered. */
export function inboxPrefixOf(host: string): string {
  return `hvql.host.${host}.inbox`;
}

/** What a gateway subscribes to: all answers to its own questions. */
export function allRepliesTo(gateway: string): string {
  return `hvql.host.*.to.${gateway}.*`;
}

/** The subject of the answers of a host to one question of a gateway. */
export function replySubject({ host, gateway, question }: ReplyAddress): string {
  return `hvql.host.${host}.to.${gateway}.${question}`;
}

/** Whose answer goes to whom, and to what. */
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

/** What a gateway subscribes to, to know which hosts there are. */
export const everyAlive = 'hvql.host.*.alive';

/** The host of one of its subjects; null for any other text. */
export function hostOfSubject(subject: string): string | null {
  const [hvql, kind, host] = subject.split('.', 3);
  return hvql === 'hvql' && kind === 'host' ? (host ?? null) : null;
}
