/** The built program with TLS: how it starts, whom it accepts, and what it keeps secret. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions, secureWays, sendSecurely, tlsFile, tlsText } from '../secure.ts';
import { Program, serve, type Served } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'hvql-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const secret = 'a secret of thirty-two bytes, or more';
const files = ['--tls-cert', tlsFile('server.pem'), '--tls-key', tlsFile('server.key')];
const viewer = '{ viewer { partitionId privileges } }';

const sign = (partition: string): Promise<string> =>
  new SignJWT({ hv_partition: partition })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));

describe('hvql serve with TLS', () => {
  it('prints an https address when it is ready, and is in development mode on loopback', async () => {
    const { program, url, tokens } = await serve(files);
    expect(program.stdout).toMatch(/^hvql listening on https:\/\/127\.0\.0\.1:\d+\/graphql\n$/);
    expect(tokens).toHaveLength(2);
    const answer = await secureWays.POST(url, { certificate: null, query: viewer, token: tokens[0] });
    expect(JSON.parse(answer.body)).toMatchObject({ data: { viewer: { partitionId: '1' } } });
    await expect(fetch(url.replace('https', 'http'))).rejects.toThrow();
    expect(await program.stop()).toBe(0);
  });

  it('reports all problems of its files together with those of other settings', async () => {
    const text = join(folder, 'text');
    writeFileSync(text, 'no PEM');
    const program = new Program([
      ...['serve', '--port', '0', '--source', 'pages:nowhere', '--tls-cert', text, '--tls-key', text],
      ...['--tls-client-ca', join(folder, 'none')],
    ]);
    expect(await program.exited).toBe(2);
    expect(program.stdout).toBe('');
    expect(program.stderr.trim().split('\n')).toEqual([
      expect.stringContaining('nowhere'),
      'hvql: --tls-cert: the file has no certificate: expected PEM, "BEGIN CERTIFICATE".',
      'hvql: --tls-key: the file has no private key: expected PEM, "BEGIN PRIVATE KEY".',
      'hvql: --tls-client-ca: the file cannot be read (ENOENT).',
    ]);
  });

  it('uses new certificates after SIGHUP, and keeps the old ones if the new ones are invalid', async () => {
    const [cert, key] = [join(folder, 'server.pem'), join(folder, 'server.key')];
    const install = (name: string): void => {
      copyFileSync(tlsFile(`${name}.pem`), cert);
      copyFileSync(tlsFile(`${name}.key`), key);
    };
    install('server');
    const { program, url } = await serve(['--tls-cert', cert, '--tls-key', key]);
    const hangUp = async (message: string): Promise<void> => {
      program.child.kill('SIGHUP');
      while (!program.stderr.includes(message)) await once(program.child.stderr ?? program.child, 'data');
    };
    expect(await subjectOf(url)).toBe('hvql test server');
    install('other-server');
    await hangUp('the certificates have been reloaded');
    expect(await subjectOf(url)).toBe('hvql test other-server');
    writeFileSync(key, 'nothing');
    await hangUp('the certificates could not be reloaded and stay unchanged');
    expect(program.stderr).toContain('--tls-key: the file has no private key');
    expect(program.stderr).not.toContain(folder);
    expect(await subjectOf(url)).toBe('hvql test other-server');
    expect(await program.stop()).toBe(0);
  });
});

describe('hvql serve with client certificates, on a public address', () => {
  let served: Served;
  let url: string;
  beforeAll(async () => {
    const map = join(folder, 'map.json');
    const { fingerprint256 } = new X509Certificate(tlsText('nameless.pem'));
    writeFileSync(
      map,
      JSON.stringify({ [fingerprint256]: { partition: '2', privileges: ['ACCESS_STATS_MSR'] } }),
    );
    const clients = ['--tls-client-ca', tlsFile('ca.pem'), '--tls-client-map', map];
    served = await serve(['--host', '0.0.0.0', '--log-level', 'trace', ...files, ...clients], {
      HVQL_JWT_SECRET: secret,
    });
    url = served.url.replace('0.0.0.0', '127.0.0.1');
  });
  afterAll(() => served.program.stop());

  it('is not in development mode', () => {
    expect(served.tokens).toEqual([]);
  });

  it.each(Object.entries(secureWays))(
    'identifies callers by %s, with one credential at a time',
    async (way, ask) => {
      const refused = way === 'WebSocket' ? 4401 : 401;
      const [root, guest, mapped, byToken, both, without, untrusted] = await Promise.all([
        ask(url, { certificate: 'root', query: viewer }),
        ask(url, { certificate: 'guest', query: viewer }),
        ask(url, { certificate: 'nameless', query: viewer }),
        ask(url, { certificate: null, query: viewer, token: await sign('2') }),
        ask(url, { certificate: 'guest', query: viewer, token: await sign('1') }),
        ask(url, { certificate: null, query: viewer }),
        ask(url, { certificate: 'untrusted', query: viewer, token: await sign('1') }),
      ]);
      const all = ['ACCESS_STATS', 'ACCESS_STATS_MSR'];
      const viewerOf = ({ body }: { body: string }): unknown => JSON.parse(body).data.viewer;
      expect([root, guest, mapped, byToken].map(viewerOf)).toEqual([
        { partitionId: '1', privileges: all },
        { partitionId: '2', privileges: all },
        { partitionId: '2', privileges: ['ACCESS_STATS_MSR'] },
        { partitionId: '2', privileges: all },
      ]);
      expect([both, without, untrusted].map(({ status }) => status)).toEqual([refused, refused, refused]);
    },
  );

  it('lets a certificate read exactly what its partition may read', async () => {
    const query =
      '{ partition { virtualProcessor(index: 0) { counters { totalRunTime } } } hypervisor { counters { partitions } } }';
    const { body } = await secureWays.POST(url, { certificate: 'guest', query });
    const { data, errors } = JSON.parse(body);
    expect(data.partition.virtualProcessor.counters.totalRunTime).toMatch(/^\d+$/);
    expect(errors).toMatchObject([
      { path: ['hypervisor', 'counters'], extensions: { code: 'ACCESS_DENIED' } },
    ]);
  });

  it('never reveals secrets and the paths of its files', async () => {
    const token = await sign('1');
    const answers = [
      await secureWays.POST(url, {
        certificate: 'root',
        query:
          '{ service { version source { kind isAnswering lastReadAt } limits { minInterval maxPageSize } } }',
      }),
      await secureWays.GET(url, { certificate: 'root', query: '{ nothing }', token }),
      await secureWays.GET(url, { certificate: 'untrusted', query: '{ nothing }', token: `${token}x` }),
      await sendSecurely(`${url}?access_token=${token}`),
    ];
    expect(answers[0]?.body).toContain('"kind":"simulator"');
    const said = [served.program.stderr, ...answers.map(({ body }) => body)].join('\n');
    expect(said).toContain('"msg":"request"');
    const keyLines = ['server.key', 'client.key'].flatMap((name) =>
      tlsText(name).trim().split('\n').slice(1, -1),
    );
    for (const hidden of [
      secret,
      token,
      token.split('.')[2] ?? '',
      ...keyLines,
      'server.key',
      'BEGIN ',
      'fixtures',
    ])
      expect(said).not.toContain(hidden);
  });
});

async function subjectOf(url: string): Promise<string> {
  const { port } = new URL(url);
  const socket = connect({ port: Number(port), host: '127.0.0.1', ...clientOptions(null) });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}
