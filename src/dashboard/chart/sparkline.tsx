/** Sparklines and bars. */
import { framesWithin, type Frames } from '../reading/frames.ts';
import { shown } from '../reading/time-view.ts';

const width = 96;
const height = 20;
/** Units per pixel: formatting integers is much faster than fractions, and a table has 20,000 of them every second. */
const fine = 10;
/** Rates further apart than this have a gap between them, unless their intervals cover it. */
const gapMilliseconds = 2_500;

/** A percentage over the shown time range. Hidden from assistive technology, because the number is next to it. */
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

/** A percentage as a bar. Hidden from assistive technology, because the number is next to it. */
export function Bar({ share }: { readonly share: number | null | undefined }) {
  return (
    <span class="bar" aria-hidden="true">
      {share != null && <i style={{ width: `${Math.min(100, Math.max(0, share))}%` }} />}
    </span>
  );
}
