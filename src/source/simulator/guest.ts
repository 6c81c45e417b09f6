/** A running partition: its identity, its current load, and the speed of its counters. */
import type { Release } from '../../catalogue/group.ts';
import { factorsOf, hypervisorShare } from './factor.ts';
import type { Lifetime } from './lifetime.ts';
import { startPhase, type LoadProfile } from './phase.ts';
import type { ProcessorRange } from './virtual-processor-work.ts';

/** A running partition, which may be the root, and the positions of its virtual processors among all. */
export interface Guest extends ProcessorRange {
  readonly lifetime: Lifetime;
  readonly phaseNumber: number;
  /**
   * The factors of the partition and of its virtual processors, by slot. They are constant, so that totals never
   * decrease.
   */
  readonly partitionFactors: Float64Array;
  readonly virtualProcessorFactors: Float64Array;
}

/** Boots the partition. */
export function bootGuest(
  lifetime: Lifetime,
  setting: {
    readonly from: number;
    readonly before: number;
    readonly loadProfile: LoadProfile;
    readonly release: Release;
  },
): Guest {
  const character = { seed: lifetime.seed, release: setting.release };
  const virtualProcessorFactors = factorsOf('VIRTUAL_PROCESSOR', character);
  return {
    lifetime,
    from: setting.from,
    before: setting.before,
    phaseNumber: 0,
    phase: startPhase(lifetime, {
      number: 0,
      second: lifetime.bornAtSecond,
      loadProfile: setting.loadProfile,
    }),
    share: hypervisorShare(virtualProcessorFactors),
    partitionFactors: factorsOf('PARTITION', character),
    virtualProcessorFactors,
  };
}

/** Advances the partition to this second: it stays in its phase or enters the next one. */
export function continueGuest(
  guest: Guest,
  now: { readonly second: number; readonly loadProfile: LoadProfile },
): Guest {
  if (now.second < guest.phase.untilSecond) return guest;
  const number = guest.phaseNumber + 1;
  return { ...guest, phaseNumber: number, phase: startPhase(guest.lifetime, { number, ...now }) };
}
