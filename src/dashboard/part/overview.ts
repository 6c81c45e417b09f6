/** The data of the overview. */
import type { OverviewSubscription } from '../generated/host.ts';

/** A snapshot of the overview. */
export type Overview = OverviewSubscription['hypervisor'];
