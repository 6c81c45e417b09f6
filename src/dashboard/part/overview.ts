/** What the parts of the overview show. */
import type { OverviewSubscription } from '../generated/host.ts';

/** A snapshot of the overview. */
export type Overview = OverviewSubscription['hypervisor'];
