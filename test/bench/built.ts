/** Users run the program that tsc builds, so this is compared, not the sources run by tsx. */
import type * as commandContext from '../../src/cli/command-context.ts';
import type * as heap from '../../src/cli/heap.ts';
import type * as nodeEnv from '../../src/cli/node-env.ts';
import type * as serve from '../../src/cli/commands/serve.ts';
import type * as serviceLimit from '../../src/cli/commands/service-limit.ts';
import type * as settings from '../../src/cli/settings/settings.ts';
import type * as workers from '../../src/cli/workers/primary.ts';
import type * as execute from '../../src/execution/execute.ts';
import type * as schema from '../../src/graph/schema.ts';
import type * as counterMetrics from '../../src/metrics/counter-metrics.ts';
import type * as decode from '../../src/page/decode.ts';
import type * as sampler from '../../src/sampling/sampler.ts';
import type * as identity from '../../src/server/auth/identity.ts';
import type * as moment from '../../src/snapshot/moment.ts';
import type * as objectName from '../../src/snapshot/object-name.ts';

/** The modules of the built program that the benchmark takes parts from. */
interface Built {
  readonly 'cli/command-context.js': typeof commandContext;
  readonly 'cli/heap.js': typeof heap;
  readonly 'cli/node-env.js': typeof nodeEnv;
  readonly 'cli/commands/serve.js': typeof serve;
  readonly 'cli/commands/service-limit.js': typeof serviceLimit;
  readonly 'cli/settings/settings.js': typeof settings;
  readonly 'cli/workers/primary.js': typeof workers;
  readonly 'execution/execute.js': typeof execute;
  readonly 'graph/schema.js': typeof schema;
  readonly 'metrics/counter-metrics.js': typeof counterMetrics;
  readonly 'page/decode.js': typeof decode;
  readonly 'sampling/sampler.js': typeof sampler;
  readonly 'server/auth/identity.js': typeof identity;
  readonly 'snapshot/moment.js': typeof moment;
  readonly 'snapshot/object-name.js': typeof objectName;
}

/** A module of the built program. */
export function built<Path extends keyof Built>(path: Path): Promise<Built[Path]> {
  return import(new URL(`../../dist/${path}`, import.meta.url).href) as Promise<Built[Path]>;
}
