/** Runs operations through Yoga's pipeline that did not come by HTTP. */
import { failed } from './plugins/use-execution.ts';
import { dropEvents, outcomeOf, type Outcome, type OutcomeWorld } from './operation-outcome.ts';
import type { RequestContext } from './request-context.ts';
import { endpointPath, type Yoga } from './yoga.ts';

/** Runs the allowed operation of a request. Never rejects: what goes wrong is a result. */
export type RunOperation = (request: RequestContext) => Promise<Outcome>;

/**
 * A runner over Yoga's hooks for parameters, parsing, validation, context, execution and results: all but those of an
 * HTTP request and its response. Yoga needs a Request in its context; as by POST, anything may be asked.
 */
export function operationRunner(yoga: Yoga, world: OutcomeWorld): RunOperation {
  const address = `http://localhost${endpointPath}`;
  return async (context) => {
    try {
      const { operation } = context;
      if (operation === null) throw new TypeError('An operation came past the allowlist');
      const request = new yoga.fetchAPI.Request(address, { method: 'POST' });
      const params = { ...operation.parameters };
      return outcomeOf(await yoga.getResultForParams({ params, request }, { hvql: context }), context, world);
    } catch (thrown) {
      return outcomeOf(failed(thrown), context, world);
    } finally {
      // Where a later hook has failed.
      dropEvents(context, world.log);
    }
  };
}
