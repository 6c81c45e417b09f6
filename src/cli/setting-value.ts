/** Texts of settings become values. Each function throws a RangeError that says what is needed and what was there. */
import { allPrivileges, type Privilege } from '../access/caller.ts';
import { statisticsObjects, type StatisticsObject } from '../catalogue/group.ts';
import { parsePartitionId } from '../server/claim.ts';
import { checkSecret } from '../server/identity-key.ts';
import { parseDuration } from '../snapshot/duration.ts';
import { didYouMean } from '../source/suggestion.ts';

/** Levels of the log, the most talkative first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The default text of a switch. */
export const switchOff = 'off';

/** Any text but an empty one. */
export function parseText(text: string): string {
  if (text === '') throw new RangeError('needs a value, but is empty.');
  return text;
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

/** A length of time that is not zero, in milliseconds. */
export function parseInterval(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === 0) throw new RangeError(`needs a length of time above zero, but is ${show(text)}.`);
  return milliseconds;
}

/** The address of a key set. */
export function parseKeySetUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new RangeError(`needs an address such as "https://id.example.com/jwks.json", but is ${show(text)}.`);
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

/** Names of privileges with commas between them; an empty text is none. */
export function parsePrivileges(text: string): ReadonlySet<Privilege> {
  const names = text === '' ? [] : text.split(',');
  return new Set(names.map((name) => choose(name.trim(), allPrivileges)));
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
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 59)}…`);
}
