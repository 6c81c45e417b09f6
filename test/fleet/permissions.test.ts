/** The configuration of nats-server in docs/fleet.md: who may publish and subscribe to what. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectToNats } from '../../src/fleet/connection.ts';
import { aliveSubject, askSubject } from '../../src/fleet/subject.ts';
import { findProgram } from '../debian-program.ts';
import { readableLog } from '../server/test-service.ts';
import { until } from '../until.ts';
import { natsServerPath, startNatsServer, type NatsServer } from './nats-server.ts';
import { grant, makeKeys, openGateway, openHost, type TestHost, type TestKeys } from './test-host.ts';

const openssl = findProgram('openssl');
const document = readFileSync(new URL('../../docs/fleet.md', import.meta.url), 'utf8');
const [, documented = ''] = /```nats\n(.*?)\n```/s.exec(document) ?? [];

describe.skipIf(natsServerPath === null || openssl === null)(
  'nats-server as docs/fleet.md configures it',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'hvql-permissions-'));
    const { log } = readableLog();
    let nats: NatsServer;
    let keys: TestKeys;
    let host: TestHost;
    const connections: NatsConnection[] = [];
    const ended = new AbortController();

    function certify(name: string, alternative: string | null = null): void {
      const run = (args: string): void =>
        void execFileSync(String(openssl), args.split(' '), { cwd: folder, stdio: 'pipe' });
      const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
      if (name === 'ca') run(`req -x509 ${key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2`);
      else {
        run(`req ${key} -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`);
        writeFileSync(join(folder, 'ext'), alternative === null ? '' : `subjectAltName=${alternative}\n`);
        run(
          `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out ${name}.pem -days 2 -extfile ext`,
        );
      }
    }

    const address = (name: string) => ({
      url: nats.url,
      creds: null,
      ca: join(folder, 'ca.pem'),
      cert: join(folder, `${name}.pem`),
      key: join(folder, `${name}.key`),
    });

    /** A client with the certificate of that name, and what NATS has refused to it. */
    async function connectAs(name: string): Promise<{ connection: NatsConnection; refused: string[] }> {
      const connection = await connectToNats(address(name), {
        name,
        inboxPrefix: '_INBOX',
        log,
        signal: ended.signal,
      });
      connections.push(connection);
      const refused: string[] = [];
      void (async () => {
        for await (const status of connection.status())
          if (status.type === 'error') refused.push(status.error.message);
      })();
      return { connection, refused };
    }

    beforeAll(async () => {
      certify('ca');
      // Node's client compares the name localhost where it connects to an IP address.
      certify('nats', 'DNS:localhost');
      for (const name of ['gateway', 'web-17', 'web-18']) certify(name);
      const configuration = documented.replaceAll(
        /"(nats\.pem|nats\.key|ca\.pem)"/g,
        (_, file) => `"${join(folder, String(file))}"`,
      );
      nats = await startNatsServer(configuration);
      keys = await makeKeys();
      host = await openHost({ nats: address('web-17'), name: 'web-17', gatewayKeys: keys.path });
      await host.fleet.joined;
    });
    afterAll(async () => {
      for (const connection of connections) await connection.close();
      await host.close();
      await nats.close();
      keys.remove();
      rmSync(folder, { recursive: true });
    });

    it('lets a gateway send queries and subscriptions to a host', async () => {
      const gateway = await openGateway(address('gateway'), keys.key);
      const alive: string[] = [];
      gateway.connection.subscribe('hvql.host.*.alive', {
        callback: (_, { subject }) => void alive.push(subject),
      });
      expect(await gateway.ask('web-17', { query: '{ hypervisor { host } }' })).toEqual({
        data: { hypervisor: { host: 'web-17' } },
      });
      await expect(gateway.ask('web-18', { query: '{ __typename }' })).rejects.toMatchObject({
        code: 'HOST_UNREACHABLE',
      });
      const events: string[] = [];
      const stream = gateway.questions.watch(
        {
          host: 'web-17',
          body: Buffer.from(JSON.stringify({ query: 'subscription { partition(every: "100ms") { host } }' })),
          authorization: await gateway.authorize(grant('root')),
        },
        { event: (bytes) => void events.push(bytes.toString()), end: () => undefined },
      );
      await until(() => events.length > 2 && alive.length > 0);
      expect([events[0], alive[0]]).toEqual([
        '{"data":{"partition":{"host":"web-17"}}}',
        aliveSubject('web-17'),
      ]);
      stream.cancel();
      await gateway.close();
    });

    it('refuses requests of a host to another host, or to itself', async () => {
      const { connection, refused } = await connectAs('web-18');
      const reads = host.source.batches.length;
      for (const subject of [askSubject('web-17'), askSubject('web-18')]) connection.publish(subject, '{}');
      await until(() => refused.length === 2);
      expect(refused.join()).toMatch(
        /Publish.*"hvql\.host\.web-17\.ask".*Publish.*"hvql\.host\.web-18\.ask"/is,
      );
      expect(host.source.batches.length).toBe(reads);
    });

    it('refuses responses and heartbeats of a host in the name of another one', async () => {
      const { connection, refused } = await connectAs('web-18');
      for (const subject of ['hvql.host.web-17.to.a.1', aliveSubject('web-17')])
        connection.publish(subject, '{}');
      await until(() => refused.length === 2);
      expect(refused.join()).toMatch(
        /Publish.*"hvql\.host\.web-17\.to\.a\.1".*Publish.*"hvql\.host\.web-17\.alive"/is,
      );
    });

    it('refuses subscriptions of a host to requests or responses of others', async () => {
      const { connection, refused } = await connectAs('web-18');
      for (const subject of ['hvql.host.web-17.>', 'hvql.host.*.ask', '>'])
        connection.subscribe(subject, { callback: () => undefined });
      await until(() => refused.length === 3);
      expect(refused.join()).toMatch(/Subscription to "hvql\.host\.web-17\.>"/i);
    });

    it('identifies a client by the certificate that is in its file when it reconnects', async () => {
      const take = (name: string): void => {
        for (const kind of ['pem', 'key'])
          copyFileSync(join(folder, `${name}.${kind}`), join(folder, `renewed.${kind}`));
      };
      take('web-17');
      const { connection, refused } = await connectAs('renewed');
      connection.publish(aliveSubject('web-17'));
      await connection.flush();
      expect(refused).toEqual([]);
      take('web-18');
      const again = (async () => {
        for await (const { type } of connection.status()) if (type === 'reconnect') return;
      })();
      await connection.reconnect();
      await again;
      connection.publish(aliveSubject('web-18'));
      await connection.flush();
      expect(refused).toEqual([]);
      connection.publish(aliveSubject('web-17'));
      await until(() => refused.length > 0);
      expect(refused.join()).toContain(aliveSubject('web-17'));
    });

    it('refuses a client without a certificate', async () => {
      const { log: ownLog, lines } = readableLog();
      const bare = { ...address('web-18'), cert: null, key: null };
      const waiting = connectToNats(bare, {
        name: 'bare',
        inboxPrefix: '_INBOX',
        log: ownLog,
        signal: ended.signal,
      });
      const isConnected = waiting.then(
        () => true,
        () => false,
      );
      // The wait ends with the file, and the log has the reason of the first attempt.
      await until(() => lines.some((line) => line.includes('NATS cannot be reached yet')));
      ended.abort();
      expect(await isConnected).toBe(false);
    });
  },
);
