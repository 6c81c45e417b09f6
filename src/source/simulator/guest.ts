/** A running partition: its identity, its current load, and how its counters follow. */
import type { Release } from '../../catalogue/group.ts';
import { factorsOf, hypervisorShare } from './factor.ts';
import type { Lifetime } from './lifetime.ts';
import { startPhase, type LoadProfile } from './phase.ts';
import type { ProcessorRange } from './virtual-processor-work.ts';

/** A running partition, the root as well, and its virtual processors' positions among all. */
export interface Guest extends ProcessorRange {
  readonly lifetime: Lifetime;
  readonly phaseNumber: number;
  /** Of a partition and of a virtual processor, by slot: constant for its lifetime, so that totals never go back. */
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

/** The partition in this second: in the same phase, or in its next one. */
export function continueGuest(
  guest: Guest,
  now: { readonly second: number; readonly loadProfile: LoadProfile },
): Guest {
  if (now.second < guest.phase.untilSecond) return guest;
  const number = guest.phaseNumber + 1;
  return { ...guest, phaseNumber: number, phase: startPhase(guest.lifetime, { number, ...now }) };
}
