/** Settings of a capture, as they are written on the command line. */
import { UsageError } from '../../errors.ts';
import type { SourceText } from '../source-text.ts';

/** The settings of a capture. */
export interface CaptureSettings {
  /** The path of a folder or a tar. */
  readonly path: string;
  /** Start over after the last frame instead of holding it. */
  readonly isLoop: boolean;
  /** The number of the only frame to show, from 0; undefined to play all. */
  readonly standStillAt: number | undefined;
}

const optionNames = ['loop', 'frame'];

/** Parses `<path>?loop=true&frame=2`. Throws a UsageError that lists all mistakes. */
export function captureSettings({ place = '', options }: SourceText): CaptureSettings {
  const problems: string[] = [];
  if (place === '') problems.push('capture:<folder or .tar> needs a path after the colon, but it is empty.');
  for (const name of new Set(options.keys())) {
    const count = options.getAll(name).length;
    if (!optionNames.includes(name)) {
      problems.push(`capture: there is no option "${name}"; there are ${optionNames.join(', ')}.`);
    } else if (count > 1) problems.push(`capture: ${name} is given ${count} times; once is needed.`);
  }
  const loop = options.get('loop') ?? 'false';
  if (loop !== 'true' && loop !== 'false') {
    problems.push(`capture: loop must be true or false, but is "${loop}".`);
  }
  const frame = options.get('frame');
  if (frame !== null && !/^\d{1,9}$/.test(frame)) {
    problems.push(`capture: frame must be the number of a frame, from 0, but is "${frame}".`);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return { path: place, isLoop: loop === 'true', standStillAt: frame === null ? undefined : Number(frame) };
}

/** The settings as they are written on the command line. */
export function describeCapture({ path, isLoop, standStillAt }: CaptureSettings): string {
  const options = new URLSearchParams();
  if (isLoop) options.set('loop', 'true');
  if (standStillAt !== undefined) options.set('frame', String(standStillAt));
  return `capture:${path}${options.size > 0 ? '?' : ''}${options.toString()}`;
}
