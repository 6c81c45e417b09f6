/** A test service that answers with the graph over a source. */
import { executeOperation, operationContext, type ServiceContext } from '../../src/execution/execute.ts';
import { LiveOperations } from '../../src/execution/live/live-operations.ts';
import { createSchema } from '../../src/graph/schema.ts';
import type { ServerOptions } from '../../src/server/server.ts';
import { startTestService, type TestService } from './test-service.ts';

/** A running service and its open subscriptions. */
export interface GraphService extends TestService {
  readonly live: LiveOperations;
}

const schema = createSchema();

/** Starts a service. `contextNow` is called for each operation; subscriptions keep its first result. */
export async function startGraphService(
  contextNow: () => ServiceContext,
  options: Partial<ServerOptions> = {},
): Promise<GraphService> {
  const live = new LiveOperations(contextNow());
  const service = await startTestService({
    schema,
    contextOf: (requester) => operationContext(contextNow(), requester),
    execute: executeOperation,
    subscribe: live.subscribe,
    closeStreams: () => live.close(),
    ...options,
  });
  return { ...service, live };
}
