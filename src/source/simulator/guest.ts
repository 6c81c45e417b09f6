/** A partition while it runs: who it is, what it does now, and how its counters go with that. */
import type { Release } from '../../catalogue/release.ts';
import { factorsOf } from './factor.ts';
import { hypervisorShare } from './hypervisor-share.ts';
import type { Life } from './life.ts';
import { startPhase, type Climate } from './phase.ts';
import type { Workers } from './virtual-processor-work.ts';

/** A running partition, the root as well, and its virtual processors' positions among all. */
export interface Guest extends Workers {
  readonly life: Life;
  readonly phaseNumber: number;
  /** Of a partition and of a virtual processor, by slot: constant for its life, so that totals never go back. */
  readonly partitionFactors: Float64Array;
  readonly virtualProcessorFactors: Float64Array;
}

/** Boots the partition. */
export function bootGuest(
  life: Life,
  setting: {
    readonly from: number;
    readonly before: number;
    readonly climate: Climate;
    readonly release: Release;
  },
): Guest {
  const character = { fate: life.fate, release: setting.release };
  const virtualProcessorFactors = factorsOf('VIRTUAL_PROCESSOR', character);
  return {
    life,
    from: setting.from,
    before: setting.before,
    phaseNumber: 0,
    phase: startPhase(life, { number: 0, second: life.bornAtSecond, climate: setting.climate }),
    share: hypervisorShare(virtualProcessorFactors),
    partitionFactors: factorsOf('PARTITION', character),
    virtualProcessorFactors,
  };
}

/** The partition as it goes on in this second: the same, or in its next phase. */
export function continueGuest(
  guest: Guest,
  now: { readonly second: number; readonly climate: Climate },
): Guest {
  if (now.second < guest.phase.untilSecond) return guest;
  const number = guest.phaseNumber + 1;
  return { ...guest, phaseNumber: number, phase: startPhase(guest.life, { number, ...now }) };
}
