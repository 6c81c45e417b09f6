import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsServerPath, startNatsServer, type NatsServer } from '../fleet/nats-server.ts';
import { grant, makeKeys, openGateway, type TestKeys } from '../fleet/test-host.ts';
import { until } from '../until.ts';
import { systemWait } from '../../src/cli/command-context.ts';
import { startLocalNats } from '../../src/cli/simulated-fleet/nats-server.ts';
import { post, Program, serve } from './program.ts';

describe.skipIf(natsServerPath === null)('hvql serve --nats', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-fleet-'));
  const secret = join(folder, 'secret');
  let nats: NatsServer;
  let keys: TestKeys;
  let args: string[];
  beforeAll(async () => {
    nats = await startNatsServer();
    keys = await makeKeys();
    writeFileSync(secret, 'x'.repeat(32));
    const fleet = ['--nats', nats.url, '--host-name', 'web-17', '--gateway-keys', keys.path];
    args = [...fleet, '--source', 'simulator?lps=2&partitions=2&vps=1', '--jwt-secret-file', secret];
  });
  afterAll(async () => {
    await nats.close();
    keys.remove();
    rmSync(folder, { recursive: true });
  });

  it('responds over NATS and HTTP with several processes, one of which joins the fleet', async () => {
    const { program, url } = await serve([...args, '--workers', '2']);
    const gateway = await openGateway(nats.url, keys.key);
    const query = '{ hypervisor { host } viewer { isRoot } }';
    const expected = { data: { hypervisor: { host: 'web-17' }, viewer: { isRoot: true } } };
    expect(await gateway.ask('web-17', { query })).toEqual(expected);
    expect(await gateway.ask('web-17', { query }, grant('root', ['web-18']))).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });

    const token = async (...more: string[]): Promise<string> => {
      const made = new Program(['token', '--jwt-secret-file', secret, '--partition', 'root', ...more]);
      await made.exited;
      return made.stdout.trim();
    };
    expect(await post(url, { token: await token('--host-names', 'web-16,web-17'), query })).toEqual(expected);
    for (const [refused, why] of [
      [await token('--host-names', 'web-18'), 'this is the host "web-17"'],
      [await token(), 'lacks the claim hv_host'],
    ]) {
      const answer = await post(url, { token: refused, query });
      expect(answer).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      expect(answer.errors[0].message).toContain(why);
    }

    const second = new Program(['serve', '--port', '0', ...args]);
    expect(await second.exited).toBe(2);
    expect(second.stderr).toContain('hvql: A host with the name web-17 is already in this fleet');
    expect(await program.stop()).toBe(0);
    await expect(gateway.ask('web-17', { query })).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
    await gateway.close();
  });

  it('responds to a gateway, in development mode without keys', async () => {
    const host = await serve([
      '--nats',
      nats.url,
      '--host-name',
      'web-21',
      '--source',
      'simulator?lps=2&partitions=2&vps=1',
    ]);
    const program = new Program(['gateway', '--port', '0', '--nats', nats.url]);
    const [, url = ''] = await program.prints(/^hvql listening on (http:\S+)\n/m);
    const [, token] = /^Token of the root partition of every host: (\S+)$/m.exec(program.stderr) ?? [];
    const query = '{ fleet { hosts { nodes { name hypervisor { host counters { logicalProcessors } } } } } }';
    let answer: unknown;
    await until(async () => {
      answer = await post(url, { token, query });
      return JSON.stringify(answer).includes('web-21');
    });
    expect(answer).toEqual({
      data: {
        fleet: {
          hosts: {
            nodes: [{ name: 'web-21', hypervisor: { host: 'web-21', counters: { logicalProcessors: '2' } } }],
          },
        },
      },
    });
    expect(await program.stop()).toBe(0);
    expect(await host.program.stop()).toBe(0);
  });

  it('serves HTTP without NATS, and its development tokens name the host', async () => {
    const address = nats.url.replace(/\d+$/, '1');
    const { program, url, tokens } = await serve(['--nats', address, '--host-name', 'web-17']);
    const answer = await post(url, { token: tokens[0], query: '{ hypervisor { host } }' });
    expect(answer).toEqual({ data: { hypervisor: { host: 'web-17' } } });
    expect(program.stderr).toContain('NATS does not respond yet');
    expect(program.stderr).toContain('development mode: without --gateway-keys');
    expect(await program.stop()).toBe(0);
  });
});

describe.skipIf(natsServerPath === null)('hvql fleet', () => {
  const query = '{ viewer { partition } fleet { hosts { nodes { name hypervisor { host } } } } }';

  async function start() {
    const program = new Program(['fleet', '--hosts', '3', '--port', '0']);
    const [, url = ''] = await program.prints(/^hvql listening on (http:\S+)\n/m);
    const tokens = [...program.stderr.matchAll(/^Token of (.*): (\S+)$/gm)];
    const { pid } = program.child;
    const nats = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
    return { program, url, tokens, nats };
  }

  it('serves at the address that it prints, with its tokens, and leaves no processes or files', async () => {
    const { program, url, tokens, nats } = await start();
    expect(tokens.map(([, title]) => title)).toEqual([
      'the root partition of every host',
      'the root partition of host-1 alone',
      'partition 2 of host-1',
    ]);
    const [all, one, guest] = await Promise.all(
      tokens.map(async ([, , token = '']) => post(url, { token, query })),
    );
    const node = (name: string) => ({ name, hypervisor: { host: name } });
    expect(all).toEqual({
      data: {
        viewer: { partition: 'root' },
        fleet: { hosts: { nodes: [node('host-1'), node('host-2'), node('host-3')] } },
      },
    });
    expect(one).toEqual({
      data: { viewer: { partition: 'root' }, fleet: { hosts: { nodes: [node('host-1')] } } },
    });
    expect(guest).toMatchObject({
      data: { viewer: { partition: '2' }, fleet: { hosts: { nodes: [{ name: 'host-1' }] } } },
    });
    expect(await program.stop('SIGINT')).toBe(0);
    expect(() => process.kill(nats, 0)).toThrow('ESRCH');
    expect(program.stderr).not.toMatch(/warn|error/i);
  });

  it('exits with a message when nats-server exits', async () => {
    const { program, nats } = await start();
    process.kill(nats, 'SIGKILL');
    expect(await program.exited).toBe(1);
    expect(program.stderr).toContain('hvql: nats-server has ended (SIGKILL).');
  });

  it('says how to install nats-server if it is missing', async () => {
    const { signal } = new AbortController();
    const starting = startLocalNats(tmpdir(), { wait: systemWait, signal, program: 'no-nats-server' });
    await expect(starting).rejects.toThrow(/^nats-server is not installed: "apt-get install nats-server"/);
  });
});
