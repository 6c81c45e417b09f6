/**
 * Parses texts of settings. Each function throws a RangeError that says what is needed and what was found, or a
 * UsageError with several problems.
 */
import { availableParallelism } from 'node:os';
import { allPrivileges, type Caller, type Privilege } from '../../access/caller.ts';
import { statisticsObjects, type StatisticsObject } from '../../catalogue/group.ts';
import { UsageError } from '../../errors.ts';
import type { GuestSocketSetting } from '../../server/guest-socket/guest-sockets.ts';
import { introspections, type Introspection } from '../../graph/context.ts';
import { excerpt } from '../../lib/json.ts';
import { isLoopback, normalHost } from '../../server/auth/host.ts';
import { isProxyEntry } from '../../server/auth/remote-address.ts';
import { checkSecret } from '../../server/auth/secret.ts';
import type { GrantedHosts } from '../../server/auth/token.ts';
import { hostNameNeed, isHostName } from '../../snapshot/host-name.ts';
import { formatDuration, parseDuration } from '../../snapshot/duration.ts';
import { parsePartitionId } from '../../snapshot/object-name.ts';
import { assertSource } from '../../source/sources.ts';
import { didYouMean } from '../../lib/suggestion.ts';

/** Levels of the log, the most verbose first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** The lowest level that is logged; 'silent' logs nothing. */
export type LogLevel = (typeof logLevels)[number];

/** The default text of a switch. */
export const switchOff = 'off';

/** A text that is not empty. */
export function parseText(text: string): string {
  if (text === '') throw new RangeError('needs a value, but is empty.');
  return text;
}

/** The text of a source, checked. */
export function parseSource(text: string): string {
  assertSource(parseText(text));
  return text;
}

/** "<partition id>=<path>", or a folder; one with an equals sign in its name is written "./a=b". */
export function parseGuestSocket(text: string): GuestSocketSetting {
  const { id, path } = /^(?<id>[^=/]*)=(?<path>.*)$/s.exec(text)?.groups ?? {};
  if (id === undefined || path === undefined) return { folder: parseText(text) };
  const partitionId = parsePartition(id);
  if (path !== '') return { partitionId, path };
  throw new RangeError(`needs a path behind the equals sign, but is ${show(text)}.`);
}

/** The mode of a file, in octal digits. */
export function parseMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new RangeError(`needs a mode in octal digits, such as 0600 or 0660, but is ${show(text)}.`);
}

/** The highest port of a virtual socket; the next one means any port (vsock(7), VMADDR_PORT_ANY). */
const highestGuestPort = 0xff_ff_ff_fe;

/** A port that guests connect to over their virtual socket: those have 32 bits. */
export function parseGuestPort(text: string): number {
  const port = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 1 && port <= highestGuestPort) return port;
  throw new RangeError(`needs a port from 1 to ${highestGuestPort}, but is ${show(text)}.`);
}

/** A secret that is long enough; the message of one that is not does not show it. */
export function parseSecret(text: string): Uint8Array {
  return checkSecret(Buffer.from(text), 'The secret');
}

/** A port to listen on; 0 is any free one. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new RangeError(`needs a port from 0 to 65535, but is ${show(text)}.`);
}

/** A loopback address and a port to listen on, "127.0.0.1:9464" or "[::1]:9464"; port 0 is any free one. */
export function parseLoopbackAddress(text: string): { readonly host: string; readonly port: number } {
  const { host = '', port = '' } = /^(?<host>.+):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (!isLoopback(host) || !(Number(port) <= 65_535))
    throw new RangeError(
      `needs a loopback address and a port, such as 127.0.0.1:9464, but is ${show(text)}.`,
    );
  return { host, port: Number(port) };
}

/** A length of time that is not zero, in milliseconds. */
export function parseInterval(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === 0) throw new RangeError(`needs a length of time above zero, but is ${show(text)}.`);
  return milliseconds;
}

/** A day; more would be beyond what a timer of Node's can be set to (2^31-1 ms), which then fires at once. */
const longestTimeout = 86_400_000;

/** How long to wait for something, in milliseconds. */
export function parseTimeout(text: string): number {
  const milliseconds = parseInterval(text);
  if (milliseconds <= longestTimeout) return milliseconds;
  throw new RangeError(`needs at most ${formatDuration(longestTimeout)}, but is ${show(text)}.`);
}

/** The longest and the shortest time between two readings of everything. */
const everyLimits = { least: 1_000, most: 3_600_000 };

/** How often everything is read, in milliseconds; "off" is never. */
export function parseHistoryEvery(text: string): number | null {
  if (text === switchOff) return null;
  const milliseconds = parseInterval(text);
  const { least, most } = everyLimits;
  if (milliseconds >= least && milliseconds <= most) return milliseconds;
  throw new RangeError(
    `needs "off" or a length of time from ${formatDuration(least)} to ${formatDuration(most)}, but is ${show(text)}.`,
  );
}

/** Upper bound on the age of a reused snapshot, in milliseconds. */
const longestSnapshotMaxAge = 1_000;

/** How old a snapshot may be to be used again, in milliseconds; 0, with or without a unit, means never. */
export function parseSnapshotMaxAge(text: string): number {
  const milliseconds = text === '0' ? 0 : parseDuration(text);
  if (milliseconds <= longestSnapshotMaxAge) return milliseconds;
  throw new RangeError(`needs at most ${formatDuration(longestSnapshotMaxAge)}, but is ${show(text)}.`);
}

/** Upper bound on the minimum interval, in milliseconds: the longest time that a request waits for a second reading. */
export const longestMinInterval = 60_000;

/** The shortest time between two events. */
export function parseMinInterval(text: string): number {
  const milliseconds = parseInterval(text);
  if (milliseconds <= longestMinInterval) return milliseconds;
  throw new RangeError(`needs at most ${formatDuration(longestMinInterval)}, but is ${show(text)}.`);
}

/** An upper bound on a number of things. */
export function parseCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count > 0) return count;
  throw new RangeError(`needs a whole number from 1 to 999999999, but is ${show(text)}.`);
}

const mostSimulatedHosts = 1_000;

/** A number of simulated hosts. */
export function parseHostCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (count > 0 && count <= mostSimulatedHosts) return count;
  throw new RangeError(`needs a whole number from 1 to ${mostSimulatedHosts}, but is ${show(text)}.`);
}

const bytesPerUnit: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };
const leastBytes = 2 ** 20;

/** An amount of memory, in bytes: "64MB". At least a megabyte: less would hold nothing for long. */
export function parseBytes(text: string): number {
  const { number, unit = '' } = /^(?<number>\d{1,9}) ?(?<unit>B|KB|MB|GB)$/.exec(text)?.groups ?? {};
  const bytes = Number(number) * (bytesPerUnit[unit] ?? Number.NaN);
  if (bytes >= leastBytes && bytes <= Number.MAX_SAFE_INTEGER) return bytes;
  throw new RangeError(`needs at least 1MB, such as "64MB" or "1GB", but is ${show(text)}.`);
}

/** A size of a file in bytes; null for no limit. */
export function parseAuditSize(text: string): number | null {
  return text === 'off' ? null : parseBytes(text);
}

/** More would not serve faster: one primary distributes all connections. */
const mostWorkers = 64;

/** How many processes: a number, or "auto" for as many as the machine can run in parallel. */
export function parseWorkers(text: string): number {
  if (text === 'auto') return Math.min(availableParallelism(), mostWorkers);
  const count = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= mostWorkers) return count;
  throw new RangeError(`needs a whole number from 1 to ${mostWorkers}, or auto, but is ${show(text)}.`);
}

/** Origins of web pages, with commas between them. */
export function parseOrigins(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.filter((part) => originOf(part) !== part);
  if (wrong.length === 0) return parts;
  const shown = wrong.map((part) => {
    const origin = originOf(part);
    return origin === null ? show(part) : `${show(part)}, whose origin is ${show(origin)}`;
  });
  throw new RangeError(
    `needs origins as browsers send them, such as "https://dashboard.example", but has ${shown.join(', ')}.`,
  );
}

/** The origin of a page at this address as browsers send it; null if it has none. */
function originOf(text: string): string | null {
  return /^https?:/i.test(text) && URL.canParse(text) ? new URL(text).origin : null;
}

/** Names of this service, without ports, with commas between them. */
export function parseHosts(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.filter((part) => normalHost(part) === null);
  if (wrong.length === 0) return parts;
  throw new RangeError(
    `needs host names such as "hvql.example", without a port, but has ${wrong.map(show).join(', ')}.`,
  );
}

/** Addresses and networks of proxies, with commas between them. */
export function parseProxies(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.filter((part) => !isProxyEntry(part));
  if (wrong.length === 0) return parts;
  throw new RangeError(
    `needs addresses or networks such as "127.0.0.1" or "10.0.0.0/8", but has ${wrong.map(show).join(', ')}.`,
  );
}

/** The name of a host in a fleet. */
export function parseHostName(text: string): string {
  if (isHostName(text)) return text;
  throw new RangeError(`needs ${hostNameNeed}, but is ${show(text)}.`);
}

/** Names of hosts, with commas between them, or "*" for all. */
export function parseHostNames(text: string): GrantedHosts {
  return text === '*' ? text : text.split(',').map((part) => parseHostName(part.trim()));
}

/** One address of NATS, or several with commas between them, without a password, which the list of processes would show. */
export function parseNatsAddress(text: string): string {
  const isAddress = (part: string): boolean => {
    const url = URL.canParse(part) ? new URL(part) : null;
    return url !== null && /^(?:nats|tls):$/.test(url.protocol) && url.hostname !== '' && url.username === '';
  };
  if (text.split(',').every((part) => isAddress(part.trim()))) return text;
  const shown = show(text.replace(/\/\/.*@/s, '//…@'));
  throw new RangeError(
    `needs an address such as "nats://nats-1:4222" or "tls://nats-1:4222", without a user and a password, but is ${shown}.`,
  );
}

/** The address of a key set, without a password, which the list of processes and the log would show. */
export function parseKeySetUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    const shown = show(text.replace(/^.*@/s, '…@'));
    throw new RangeError(`needs an address such as "https://id.example.com/jwks.json", but is ${shown}.`);
  }
  if (url.username === '' && url.password === '') return url;
  throw new RangeError(
    'needs an address without a user and a password, for key sets are public, but has them.',
  );
}

/** Which callers may query the schema. */
export function parseIntrospection(text: string): Introspection {
  return choose(text, introspections);
}

/** "on" or "off". */
export function parseOnOff(text: string): boolean {
  return choose(text, ['on', switchOff]) !== switchOff;
}

/** A level of the log. */
export function parseLogLevel(text: string): LogLevel {
  return choose(text, logLevels);
}

/** A kind of object: "virtual-processor", or VIRTUAL_PROCESSOR as GraphQL has it. */
export function parseStatisticsObject(text: string): StatisticsObject {
  const written = (object: string): string => object.toLowerCase().replaceAll('_', '-');
  const object = statisticsObjects.find((candidate) => written(candidate) === written(text));
  if (object !== undefined) return object;
  throw notOneOf(text, statisticsObjects.map(written));
}

/** A partition id. */
export function parsePartition(text: string): bigint {
  const id = parsePartitionId(text);
  if (id !== null) return id;
  throw new RangeError(`needs a partition id, a whole number from 1 to 2^64-1, but is ${show(text)}.`);
}

/** A partition id, or "root". */
export function parseCallerPartition(text: string): Caller['partitionId'] {
  return text === 'root' ? text : parsePartition(text);
}

/** Names of privileges with commas between them; an empty text means no privileges. */
export function parsePrivileges(text: string): ReadonlySet<Privilege> {
  const names = text === '' ? [] : text.split(',').map((name) => name.trim());
  const known = new Set(allPrivileges.filter((privilege) => names.includes(privilege)));
  const wrong = names.filter((name) => !allPrivileges.some((privilege) => privilege === name));
  if (wrong.length === 0) return known;
  throw new UsageError(wrong.map((name) => notOneOf(name, allPrivileges).message));
}

/** A switch: on wherever it is given. */
export function parseSwitch(text: string): boolean {
  return text !== switchOff;
}

function choose<Choice extends string>(text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw notOneOf(text, choices);
  return choice;
}

function notOneOf(text: string, choices: readonly string[]): RangeError {
  return new RangeError(
    `needs one of ${choices.join(', ')}, but is ${show(text)}.${didYouMean(text, choices)}`,
  );
}

function show(text: string): string {
  return JSON.stringify(excerpt(text, 60));
}
