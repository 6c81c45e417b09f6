/** Settings of the source `windows`, as they are written on the command line. */
import { UsageError } from '../../errors.ts';
import { formatDuration, parseDuration } from '../../snapshot/duration.ts';
import type { SourceText } from '../source-text.ts';

/** The settings of the source. */
export interface WindowsSettings {
  /** The program that runs the script: a path, or a name that is searched for as by a shell. */
  readonly powershell: string;
  /** How long PowerShell stays after the last sample. */
  readonly idleMilliseconds: number;
}

const options = ['powershell', 'idle'];
const defaultIdle = '1m';
/** The longest time of Node's timers. */
const longestIdleMilliseconds = 2 ** 31 - 1;

/** Parses `windows?powershell=C:\…\powershell.exe&idle=5m`. Throws a UsageError that lists all mistakes. */
export function windowsSettings({ place, options: given }: SourceText): WindowsSettings {
  const problems: string[] = [];
  if (place !== undefined) problems.push(`windows: only options may follow, but ":${place}" does.`);
  for (const name of new Set(given.keys())) {
    const count = given.getAll(name).length;
    if (!options.includes(name)) {
      problems.push(`windows: there is no option "${name}"; there are ${options.join(', ')}.`);
    } else if (count > 1) problems.push(`windows: ${name} is given ${count} times; once is needed.`);
  }
  const powershell = given.get('powershell') ?? 'powershell.exe';
  if (powershell === '') problems.push('windows: powershell needs the path of a program, but is "".');
  const idle = idleOf(given.get('idle') ?? defaultIdle);
  if (typeof idle === 'string') problems.push(idle);
  if (typeof idle === 'string' || problems.length > 0) throw new UsageError(problems);
  return { powershell, idleMilliseconds: idle };
}

/** The settings as they are written on the command line. */
export function describeWindows({ powershell, idleMilliseconds }: WindowsSettings): string {
  const query = new URLSearchParams();
  if (powershell !== 'powershell.exe') query.set('powershell', powershell);
  const idle = formatDuration(idleMilliseconds);
  if (idle !== defaultIdle) query.set('idle', idle);
  return `windows${query.size > 0 ? '?' : ''}${query.toString()}`;
}

function idleOf(text: string): number | string {
  try {
    const milliseconds = parseDuration(text);
    if (milliseconds > 0 && milliseconds <= longestIdleMilliseconds) return milliseconds;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  return `windows: idle must be a length of time above 0 and below 25 days, such as "1m", but is "${text}".`;
}
