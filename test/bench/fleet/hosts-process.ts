/**
 * Simulated hosts in a process of their own, each a service with its own connection to NATS, source, access and execution:
 * `hosts-process.ts <url of NATS> <keys of the gateways> <names, with commas>`. Says "joined" once all can be asked.
 */
import { processContext } from '../../../src/cli/process-context.ts';
import { openLog } from '../../../src/cli/log.ts';
import { startSimulatedHosts } from '../../../src/cli/simulated-fleet/simulated-hosts.ts';
import { untilAborted } from '../../../src/cli/commands/serve.ts';

const [nats = '', gatewayKeys = '', names = ''] = process.argv.slice(2);
// Each host says where it listens.
const context = { ...processContext(), stdout: { write: () => true }, log: openLog('error') };
const hosts = await startSimulatedHosts({ names: names.split(','), nats, gatewayKeys, context });
process.send?.('joined');
await Promise.race([untilAborted(context.signal), hosts.ended]);
await hosts.close();
process.exit();
