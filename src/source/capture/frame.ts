/** The frames of a capture, as its manifest lists them. */
import { hostNameNeed, isHostName } from '../../snapshot/host-name.ts';
import type { Moment } from '../../snapshot/moment.ts';
import { ManifestCheck } from '../page-folder/manifest-check.ts';
import { checkManifest, manifestName, type Manifest } from '../page-folder/manifest.ts';

/** One recorded snapshot. */
export interface Frame {
  /** Its folder's name under `frames/`. */
  readonly name: string;
  /** When it was taken, by the clocks of the machine that took it. */
  readonly at: Moment;
}

/** A capture's manifest: at least one frame, in the order of their steady clock. */
export interface CaptureManifest extends Manifest {
  readonly frames: readonly [Frame, ...Frame[]];
  /** The name of the host that was recorded; null if the recording has none. */
  readonly host: string | null;
}

/** Parses a capture's manifest. Throws a UsageError with everything that is wrong with it. */
export function parseCaptureManifest(text: string): CaptureManifest {
  const check = new ManifestCheck(manifestName);
  const json = check.parse(text);
  const manifest = checkManifest(check, json);
  const { host = null } = json;
  if (host !== null && !(typeof host === 'string' && isHostName(host)))
    check.noteNeed({ path: 'host', value: host }, hostNameNeed);
  const [first, ...others] = checkFrames(check, json['frames']);
  if (first === undefined) {
    if (Array.isArray(json['frames']) && json['frames'].length === 0) check.note('frames needs at least one');
    check.end();
    throw new TypeError('a manifest without a frame has a problem');
  }
  check.end();
  return { ...manifest, frames: [first, ...others], host: typeof host === 'string' ? host : null };
}

function checkFrames(check: ManifestCheck, value: unknown): Frame[] {
  const frames: Frame[] = [];
  const names = new Set<string>();
  for (const { path, fields } of check.objects({ path: 'frames', value })) {
    const { name, at, monotonic } = fields;
    const wallMilliseconds = parseTimestamp(at);
    const monotonicNanoseconds = parseNanoseconds(monotonic);
    if (!isFolderName(name)) check.noteNeed({ path: `${path}.name`, value: name }, "a folder's name");
    else if (names.has(name)) check.note(`${path}.name "${name}" stands there a second time`);
    else names.add(name);
    if (wallMilliseconds === undefined) {
      check.noteNeed(
        { path: `${path}.at`, value: at },
        'an RFC 3339 timestamp such as "2026-11-20T10:00:00.000Z"',
      );
    }
    if (monotonicNanoseconds === undefined) {
      check.noteNeed({ path: `${path}.monotonic`, value: monotonic }, 'nanoseconds as a decimal string');
    }
    const before = frames.at(-1)?.at.monotonicNanoseconds;
    if (before !== undefined && monotonicNanoseconds !== undefined && monotonicNanoseconds <= before) {
      check.note(
        `${path}.monotonic needs more than ${before}, that of the frame before, but is ${monotonicNanoseconds}`,
      );
    }
    frames.push({
      name: String(name),
      at: {
        wallMilliseconds: wallMilliseconds ?? 0,
        monotonicNanoseconds: monotonicNanoseconds ?? before ?? 0n,
      },
    });
  }
  return frames;
}

/** The name of a folder directly in `frames/`. */
function isFolderName(value: unknown): value is string {
  return typeof value === 'string' && /^[^/\\\0]{1,255}$/.test(value) && value !== '.' && value !== '..';
}

function parseNanoseconds(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^(?:0|[1-9]\d{0,19})$/.test(value) ? BigInt(value) : undefined;
}

const timestamp = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

function parseTimestamp(value: unknown): number | undefined {
  const parts = typeof value === 'string' ? timestamp.exec(value) : null;
  if (parts === null) return undefined;
  // Date.parse takes 30 February for 2 March.
  const [, year, month, day] = parts.map(Number);
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const milliseconds = Date.parse(parts[0]);
  return Number.isNaN(milliseconds) || Number(day) > lastDay ? undefined : milliseconds;
}
