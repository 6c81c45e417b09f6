/** Colours that are distinguishable with any colour vision and in greyscale. */

/** Stops of cividis (Nuñez, Anderton, Renslow 2018), from 0 to 100 percent. */
const stops = [
  [0, 34, 78],
  [42, 63, 109],
  [87, 93, 109],
  [124, 123, 120],
  [165, 156, 116],
  [210, 193, 100],
  [254, 232, 56],
] as const;

/** The colour of a share between 0 and 1 as a number in the format of ImageData (little endian). */
export function shareColor(share: number): number {
  const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(place));
  const part = place - low;
  const [from, to] = [stops[low] ?? stops[0], stops[low + 1] ?? stops[0]];
  const channel = (n: 0 | 1 | 2): number => Math.round(from[n] + (to[n] - from[n]) * part);
  return ((255 << 24) | (channel(2) << 16) | (channel(1) << 8) | channel(0)) >>> 0;
}

/** Okabe and Ito's colours without yellow, which is invisible on white. Each line also has its own dash pattern. */
export const lineColors = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00'] as const;
export const lineDashes: readonly (readonly number[])[] = [[], [8, 3], [2, 3], [8, 3, 2, 3], [12, 4], [4, 4]];
