/** The types that several others use in their fields. */
import type { Refs } from '../builder.ts';
import type { CounterViews } from './counter-view.ts';
import type { Orders } from '../argument/order.ts';
import type { OverlayPageRef } from './overlay-page.ts';
import type { defineTotals } from './totals.ts';
import type { UnlistedRef } from './unlisted.ts';

/** What an object type is defined with. `totals` are those of the processors that it has. */
export interface GraphTypes {
  readonly refs: Refs;
  readonly views: CounterViews;
  readonly page: OverlayPageRef;
  readonly unlisted: UnlistedRef;
  readonly orders: Orders;
  readonly totals: ReturnType<typeof defineTotals>;
}
