/** A service that may have few files open, and clients that take all the connections that they get. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawClient } from '../raw-client.ts';
import { until } from '../until.ts';

const main = fileURLToPath(new URL('../../dist/bundle/hvql.mjs', import.meta.url));
const pages = fileURLToPath(new URL('../fixtures/small-host', import.meta.url));
const openFiles = 300;
const query = '{ hypervisor { partitions { nodes { counters { virtualProcessors } } } } }';

describe('a service with a limit of 300 open files', () => {
  it('reads its source and responds to /health while clients hold as many connections as possible', async () => {
    const shell = ['-c', `ulimit -n ${openFiles} && exec "$0" "$@"`, process.execPath, main];
    const child = spawn('sh', [...shell, 'serve', '--port', '0', '--source', `pages:${pages}`], {
      env: { PATH: process.env['PATH'] },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += String(part)));
    await until(() => /listening on .*\n/.test(text));
    const port = Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
    const token = String(/^Token of .*: (\S+)$/m.exec(text)?.[1]);
    const first = rawClient({ kind: 'plain', port });
    const others = Array.from({ length: openFiles }, () => rawClient({ kind: 'plain', port }));
    onTestFinished(() => [first, ...others].forEach(({ socket }) => socket.destroy()));
    await Promise.all([first, ...others].map(({ socket }) => once(socket, 'connect')));
    const ask = (head: string): Promise<string> => {
      let answer = '';
      first.socket.removeAllListeners('data').on('data', (part: Buffer) => (answer += part.toString()));
      first.socket.write(`${head}\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
      return until(() => /\r\n\r\n.*}$/s.test(answer)).then(() => answer);
    };
    expect(await ask('GET /health HTTP/1.1')).toContain('200 OK');
    const answer = await ask(`GET /graphql?query=${encodeURIComponent(query)} HTTP/1.1`);
    expect(answer).toContain('"virtualProcessors"');
    expect(answer).not.toContain('errors');
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect(await health.json()).toEqual({ status: 'ok' });
    const refused = await fetch(`http://127.0.0.1:${port}/graphql?query={__typename}`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'OVERLOADED', limit: 150 } }],
    });
  });
});
