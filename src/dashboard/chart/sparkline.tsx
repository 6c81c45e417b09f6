/** A line as small as a word, and a bar. */
import { framesWithin, type Frames } from '../reading/frames.ts';
import { shown } from '../reading/time-view.ts';

const width = 96;
const height = 20;
/** Parts of a pixel: whole numbers are much faster written than fractions, and there are 20,000 in a table every second. */
const fine = 10;
/** Rates that are further apart than this have a gap between them, unless they cover it. */
const gapMilliseconds = 2_500;

/** A share over the time that is shown, from 0 to 100 percent. It is decoration: the number stands beside it. */
export function Sparkline({ frames, of }: { readonly frames: Frames; readonly of: string }) {
  void frames.version.value;
  const [from, to] = shown.value;
  const row = frames.rowOf(of);
  let path = '';
  let before: number | null = null;
  for (const { at, seconds, values } of framesWithin(frames.all, [from, to])) {
    const value = values[row];
    if (value === undefined) continue;
    if (Number.isNaN(value)) {
      before = null;
      continue;
    }
    const x = Math.round(((at - from) / (to - from)) * width * fine);
    const y = Math.round((height - 1 - (Math.min(100, value) / 100) * (height - 2)) * fine);
    const joins = before !== null && at - (seconds ?? 0) * 1_000 - before < gapMilliseconds;
    path += `${joins ? 'L' : 'M'}${x} ${y}`;
    before = at;
  }
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${width * fine} ${height * fine}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}

/** A share of 100 percent as a bar. It is decoration: the number stands beside it. */
export function Bar({ share }: { readonly share: number | null | undefined }) {
  return (
    <span class="bar" aria-hidden="true">
      {share != null && <i style={{ width: `${Math.min(100, Math.max(0, share))}%` }} />}
    </span>
  );
}
