import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { readTls, type TlsSettings } from '../../../src/server/http/tls.ts';
import { clientOptions, secureWays, sendSecurely, tlsFile } from '../../secure.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { requesterOf, startTestService, type TestService } from '../test-service.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const files: TlsSettings = {
  cert: tlsFile('server.pem'),
  key: tlsFile('server.key'),
  clientCa: null,
  clientMap: null,
};

async function problemsOf(settings: Partial<TlsSettings>): Promise<readonly string[]> {
  const thrown: unknown = await readTls({ ...files, ...settings }).catch((error: unknown) => error);
  if (thrown instanceof UsageError) return thrown.problems;
  throw new Error('no UsageError');
}

async function startSecurely(options: Parameters<typeof startTestService>[0] = {}): Promise<TestService> {
  return startTestService({ tls: await readTls(files), ...options });
}

describe('the TLS files', () => {
  it('are reported as unusable, all together, without their paths', async () => {
    const problems = await problemsOf({
      cert: `${folder.path}/none.pem`,
      key: folder.write('text.key', 'secret text'),
      clientCa: folder.path,
      clientMap: folder.write('map.json', '{"x":{"partition":"1"}}'),
    });
    expect(problems).toEqual([
      '--tls-cert: the file cannot be read (ENOENT).',
      '--tls-key: the file has no private key: expected PEM, "BEGIN PRIVATE KEY".',
      '--tls-client-ca: the file cannot be read (EISDIR).',
      '--tls-client-map: "x" is no SHA-256 fingerprint: expected 64 hex digits.',
    ]);
  });

  it('may begin with a byte order mark', async () => {
    const marked = (name: string, path: string) => folder.write(name, `\ufeff${readFileSync(path, 'utf8')}`);
    const { clients } = await readTls({
      cert: marked('marked.pem', files.cert),
      key: marked('marked.key', files.key),
      clientCa: marked('marked-ca.pem', tlsFile('ca.pem')),
      clientMap: folder.write('marked.json', `\ufeff{"${'a'.repeat(64)}":{"partition":"5"}}`),
    });
    expect(clients?.map.get('a'.repeat(64))?.partitionId).toBe(5n);
  });

  it.each([
    [{ cert: tlsFile('server.key') }, /^--tls-cert: the file has no certificate: expected PEM/],
    [{ cert: tlsFile('other-server.pem') }, /^--tls-cert and --tls-key do not fit together/],
    [{ key: tlsFile('encrypted.key') }, /^--tls-key: the file contains an encrypted key/],
    [{ key: tlsFile('server.pem') }, /^--tls-key: the file has no private key/],
    [{ clientCa: tlsFile('client.key') }, /^--tls-client-ca: the file has no certificate/],
  ])('are refused if they contain %j', async (settings, problem) => {
    expect(await problemsOf(settings)).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['cert', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /^--tls-cert: certificate 1 of/],
    [
      'key',
      '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----',
      /^--tls-key: .*cannot be read/,
    ],
  ])('are refused if the PEM of %s is malformed, and no message shows it', async (name, text, problem) => {
    const problems = await problemsOf({ [name]: folder.write(`bad-${name}.pem`, text) });
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toMatch(/c2VjcmV0|AAAA|secret\b/);
  });
});

describe('a server with TLS', () => {
  it.each(Object.entries(secureWays))('responds by %s, with a token', async (_, ask) => {
    const own = await startSecurely();
    const answer = await ask(own.url, { certificate: null, query: '{ hello }', token: own.rootToken });
    await own.close();
    expect(own.url).toMatch(/^https:/);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { data: { hello: 'world' } }]);
  });

  it('tells browsers to use TLS only; a server without TLS does not', async () => {
    const [secure, plain] = [await startSecurely(), await startTestService()];
    const answers = [await sendSecurely(secure.url), await fetch(plain.url)] as const;
    await Promise.all([secure.close(), plain.close()]);
    expect(answers[0].headers['strict-transport-security']).toBe('max-age=31536000');
    expect(answers[1].headers.get('strict-transport-security')).toBeNull();
  });

  it('does not identify clients by certificates if client certificates are not enabled', async () => {
    const own = await startSecurely();
    const answer = await sendSecurely(`${own.url}?query={hello}`, { certificate: 'root' });
    await own.close();
    expect([answer.status, answer.body]).toEqual([401, expect.stringContaining('No identity was given')]);
  });

  it('accepts no version below TLS 1.2, and reports attempts in the debug log only', async () => {
    const own = await startSecurely();
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    await expect(sendSecurely(own.url, old)).rejects.toThrow();
    const socket = connectTcp(own.port, '127.0.0.1');
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'close');
    expect((await sendSecurely(own.url)).status).toBe(401);
    await own.close();
    const failed = own.lines.filter((line) => line.includes('a TLS handshake failed'));
    expect(failed.length).toBeGreaterThanOrEqual(2);
    // The request without an identity is one line more.
    const others = own.lines.filter((line) => !line.includes('"level":20'));
    expect(others).toEqual([expect.stringContaining('a request was refused')]);
  });

  it('responds to an upgrade to an unknown protocol as if it had not been requested', async () => {
    const own = await startSecurely();
    const headers = { connection: 'Upgrade', upgrade: 'TLS/1.0', authorization: `Bearer ${own.rootToken}` };
    const answer = await sendSecurely(`${own.url}?query={hello}`, { headers });
    await own.close();
    expect([answer.status, answer.body]).toEqual([200, '{"data":{"hello":"world"}}']);
  });
});

describe('a server with TLS that is shut down', () => {
  it('ends immediately if there are no pending requests, despite handshakes and idle clients', async () => {
    const own = await startSecurely({ graceMilliseconds: 600_000 });
    const raw = connectTcp(own.port, '127.0.0.1');
    const silent = connect({ port: own.port, host: '127.0.0.1', ...clientOptions(null) });
    await Promise.all([once(raw, 'connect'), once(silent, 'secureConnect')]);
    // One that comes after them has been answered: they have arrived.
    await sendSecurely(own.url);
    const ended = [raw, silent].map((socket) =>
      once(
        socket.on('error', () => undefined),
        'close',
      ),
    );
    await Promise.all([own.close(), ...ended]);
    await expect(sendSecurely(own.url)).rejects.toThrow();
  });

  it('completes the pending response', async () => {
    let letGo: (text: string) => void = () => undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const waiting = new Promise<string>((resolve) => (letGo = resolve));
    const onWait = (): Promise<string> => {
      begin();
      return waiting;
    };
    const own = await startSecurely({
      contextOf: (requester) => ({ ...requesterOf(requester), onWait }),
      graceMilliseconds: 600_000,
    });
    const headers = { authorization: `Bearer ${own.rootToken}` };
    const answer = sendSecurely(`${own.url}?query={wait}`, { headers });
    await begun;
    const ended = own.close();
    letGo('done');
    expect((await answer).body).toBe('{"data":{"wait":"done"}}');
    await ended;
  });
});
