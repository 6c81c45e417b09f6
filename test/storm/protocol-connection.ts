/** The fuzzer of test/fuzz: connections that send any input in any order, in any parts, and end in any way. */
import { carryOut, randomConnection, type FuzzTarget } from '../fuzz/protocol-connection.ts';
import { ask } from './ask.ts';
import { kindsOf, type Visit } from './kind.ts';

/** Its only kind. What is answered says nothing: the service has to live, and to hold nothing of it afterwards. */
export const protocolConnections = kindsOf({
  'pieces of requests in any order, cut anywhere': async (visit) => {
    const targets = await targetsOf(visit);
    await carryOut(randomConnection((most) => visit.random.whole(0, most), targets));
    return [];
  },
});

async function targetsOf(visit: Visit): Promise<readonly FuzzTarget[]> {
  const { port, securePort, guestSocket, callers } = visit;
  if (!assetPaths.has(port)) {
    const { text } = await ask(visit, { headers: { accept: 'text/html' } });
    assetPaths.set(port, [...new Set(text.match(/\/graphql\/assets\/[0-9a-f]+\.\w+/g))]);
  }
  const common = { token: callers.root, assetPaths: assetPaths.get(port) ?? [] };
  return [
    { address: { kind: 'plain', port }, ...common },
    { address: { kind: 'TLS', port: securePort }, ...common },
    { address: { kind: 'guest socket', path: guestSocket }, token: null, assetPaths: [] },
  ];
}

/** The paths of GraphiQL's files by the port that serves them. */
const assetPaths = new Map<number, readonly string[]>();
