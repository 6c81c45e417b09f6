/** A fleet on this machine: nats-server, a gateway and hosts, in separate processes. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemWait } from '../../../src/cli/command-context.ts';
import { writeGatewayKeys } from '../../../src/cli/simulated-fleet/gateway-keys.ts';
import { startLocalNats } from '../../../src/cli/simulated-fleet/nats-server.ts';
import { simulatedHostNames } from '../../../src/cli/simulated-fleet/simulated-hosts.ts';
import { startServer, type RunningServer } from '../running-server.ts';
import { fleetToken } from '../root-token.ts';

/** Hosts in one process: more of them start no faster, and a processor is busy with one process at a time. */
const hostsOfProcess = 250;
/** How long hosts may take to leave the fleet. */
const endLimitMilliseconds = 10_000;
/** Hosts that can be stopped while the others continue. */
export const hangingHosts = 5;

/** A running fleet. */
export interface FleetGround {
  readonly names: readonly string[];
  readonly gateway: RunningServer;
  /** The first host, which can be asked without the gateway as well. */
  readonly direct: RunningServer;
  /** Processes of hosts. */
  readonly hosts: readonly number[];
  /** Process of nats-server. */
  readonly nats: number;
  /** Credentials of the root of all hosts. */
  readonly token: string;
  /** Writes the gateway's list of hosts: those that are there, and others. */
  list(more: readonly string[]): void;
  /** Stops the last hosts, as a machine stops that is suspended, or lets them go on. */
  signalHanging(name: 'SIGSTOP' | 'SIGCONT'): void;
  close(): Promise<void>;
}

/** Starts a fleet of this size, and waits until all hosts have joined. `profile` is a folder for the CPU profiles of the gateway and of each process of hosts. */
export async function openFleetGround({
  hosts: size,
  profile,
  tell,
}: {
  readonly hosts: number;
  readonly profile: string | null;
  readonly tell: (what: string) => void;
}): Promise<FleetGround> {
  if (size <= hangingHosts + 1) throw new RangeError(`--hosts needs more than ${hangingHosts + 1}`);
  const folder = mkdtempSync(join(tmpdir(), 'hvql-bench-fleet-'));
  const closers: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    const { signal } = new AbortController();
    const nats = await startLocalNats(folder, { wait: systemWait, signal });
    closers.push(() => nats.close());
    const names = simulatedHostNames(size);
    const { privateKey, publicKeys } = writeGatewayKeys(folder);
    // The gateway watches the folder of its list.
    const listFolder = join(folder, 'list');
    mkdirSync(listFolder);
    const list = (more: readonly string[]): void =>
      writeFileSync(join(listFolder, 'hosts.json'), JSON.stringify({ hosts: [...names, ...more] }));
    list([]);
    const secret = 'x'.repeat(32);
    const env = { HVQL_JWT_SECRET: secret };
    const common = ['--nats', nats.url, '--port', '0', '--log-level', 'error'];
    const gateway = await startServer({
      file: null,
      args: ['gateway', '--hosts', join(listFolder, 'hosts.json'), '--gateway-key', privateKey, ...common],
      env,
      nodeFlags: profilingFlags(profile),
    });
    closers.push(() => gateway.stop());
    const [first = ''] = names;
    const source = 'simulator?seed=1&lps=4&partitions=4&vps=4';
    const direct = await startServer({
      file: null,
      args: ['serve', '--source', source, '--host-name', first, '--gateway-keys', publicKeys, ...common],
      env,
    });
    closers.push(() => direct.stop());
    const children: ChildProcess[] = [];
    closers.push(async () => {
      await Promise.all(children.map((child) => endOf(child)));
    });
    for (const some of groupsOf(names.slice(1))) {
      tell(`Starting ${some.length} hosts`);
      children.push(await startHosts([nats.url, publicKeys, some.join()], profile));
    }
    return {
      names,
      gateway,
      direct,
      hosts: children.map(({ pid = 0 }) => pid),
      nats: nats.pid,
      token: await fleetToken(secret),
      list,
      signalHanging: (name) => void children.at(-1)?.kill(name),
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Hosts by their processes: the last ones have one of their own. */
export function groupsOf(names: readonly string[]): readonly (readonly string[])[] {
  const most = names.slice(0, -hangingHosts);
  const count = Math.ceil(most.length / hostsOfProcess);
  const groups = Array.from({ length: count }, (_, n) =>
    most.slice(n * hostsOfProcess, (n + 1) * hostsOfProcess),
  );
  return [...groups, names.slice(-hangingHosts)];
}

/** A program writes its profile when it ends by itself. */
function profilingFlags(profile: string | null): readonly string[] {
  return profile === null ? [] : ['--cpu-prof', '--cpu-prof-dir', profile];
}

async function startHosts(args: readonly string[], profile: string | null): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('hosts-process.ts', import.meta.url)), args, {
    execArgv: [...profilingFlags(profile), '--max-semi-space-size=64', '--import', 'tsx'],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(() => {
    throw new Error('a process of hosts has ended');
  });
  await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => undefined);
  return child;
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), endLimitMilliseconds);
  await ended;
  clearTimeout(limit);
}
