/** The phases of a partition's load: boot, idle, burst, busy. */
import { fraction, mix, pick } from './random.ts';
import type { Lifetime } from './lifetime.ts';

/** A part of a partition's lifetime with nearly constant load. */
export interface Phase {
  readonly untilSecond: number;
  /** The average share of a logical processor that its virtual processors request, from 0 to 1. */
  readonly demand: number;
  readonly ioShare: number;
  /** The seed of the random numbers within the phase. */
  readonly seed: number;
}

/** How likely load is on a host of this size, and how heavy. */
export interface LoadProfile {
  /** The probability that a phase is active. */
  readonly activeProbability: number;
  readonly idleDemand: number;
}

const bootInSeconds = { from: 12, to: 25 };
const idleInSeconds = { from: 10, to: 60 };
const burstInSeconds = { from: 3, to: 8 };
const busyInSeconds = { from: 20, to: 75 };

/**
 * The load for a host with this number of logical processors per virtual processor. On a crowded host fewer guests are
 * active at a time, so that a host of any size is mostly between idle and full.
 */
export function loadProfileOf(logicalPerVirtualProcessor: number): LoadProfile {
  return {
    activeProbability: Math.min(0.6, Math.max(0.03, logicalPerVirtualProcessor)),
    idleDemand: 0.03 * Math.min(1, 4 * logicalPerVirtualProcessor),
  };
}

/** The phase with this number, which starts at this second. Phase 0 is the boot. */
export function startPhase(
  lifetime: Lifetime,
  start: { readonly number: number; readonly second: number; readonly loadProfile: LoadProfile },
): Phase {
  const seed = mix(mix(lifetime.seed, 5), start.number);
  const { appetite, ioShare } = lifetime.role;
  const phase = (seconds: { from: number; to: number }, load: Pick<Phase, 'demand' | 'ioShare'>): Phase => ({
    untilSecond: start.second + pick(mix(seed, 1), seconds),
    seed,
    ...load,
  });
  if (start.number === 0) return phase(bootInSeconds, { demand: 0.75, ioShare: 0.5 });
  const kind = fraction(mix(seed, 2)) / start.loadProfile.activeProbability;
  const strength = fraction(mix(seed, 3));
  if (kind < 0.6) return phase(burstInSeconds, { demand: appetite * (0.8 + 0.3 * strength), ioShare });
  if (kind < 1) return phase(busyInSeconds, { demand: appetite * (0.35 + 0.55 * strength), ioShare });
  return phase(idleInSeconds, {
    demand: start.loadProfile.idleDemand * (0.5 + strength),
    ioShare: ioShare / 2,
  });
}
