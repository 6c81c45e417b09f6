/** Runs the queries of a gateway, and charges them to the budgets of their callers. */
import { execute, type ExecutionResult } from 'graphql';
import { HvqlError } from '../../errors.ts';
import { refused } from '../../execution/execute.ts';
import { introspects } from '../../execution/introspection.ts';
import type { Introspection } from '../../graph/context.ts';
import { mapMaybePromise } from '../../lib/maybe-promise.ts';
import type { Execute } from '../../server/plugins/use-execution.ts';
import type { FleetContext } from './fleet-context.ts';
import { valuesIn } from './fleet-value.ts';

/** graphql-js's `execute`, after the introspection check. If introspection is off for all callers, validation reports it. */
export function fleetExecutor(introspection: Introspection): Execute {
  return (args) => {
    const { fleet, budget } = args.contextValue as FleetContext;
    const isDenied =
      introspection === 'root' && fleet.grant.caller.partitionId !== 'root' && introspects(args.document);
    if (isDenied) return refused(notRoot());
    return mapMaybePromise(
      execute({ ...args, hideSuggestions: introspection !== 'on' }),
      (result: ExecutionResult) => {
        budget.charge(valuesIn(result.data));
        return result;
      },
    );
  };
}

function notRoot(): HvqlError {
  const message = 'Access denied: only the root partition may use introspection.';
  return new HvqlError('ACCESS_DENIED', message, { reason: 'NOT_ROOT' });
}
