import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Served } from './program.ts';

let served: Served;
beforeAll(async () => {
  served = await serve(['--source', 'simulator?lps=16', '--share-looks', '0']);
});
afterAll(() => served.program.stop());

/** Asks for some 250 KB under names of its own, and takes nothing of them for so long. */
function askSlowly(name: string, milliseconds: number): Promise<string> {
  const { url, tokens } = served;
  const { hostname, port, host } = new URL(url);
  const field = (n: number): string => `${name}_${n}: logicalProcessors { page { bytes } }`;
  const body = JSON.stringify({ query: `{ hypervisor { ${field(0)} ${field(1)} ${field(2)} } }` });
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const parts: Buffer[] = [];
    socket.pause();
    socket.write(
      [
        'POST /graphql HTTP/1.1',
        `host: ${host}`,
        `authorization: Bearer ${tokens[0]}`,
        'content-type: application/json',
        'connection: close',
        `content-length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
    setTimeout(() => socket.on('data', (part: Buffer) => parts.push(part)).resume(), milliseconds);
    socket.once('error', reject).once('end', () => {
      const answer = Buffer.concat(parts).toString();
      resolve(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    });
  });
}

describe('clients that take their answers slowly', () => {
  it('get their own bytes to the last, though the memory of answers is used again', async () => {
    const names = Array.from({ length: 100 }, (_, n) => `reader${n}`);
    const answers = await Promise.all(names.map((name, n) => askSlowly(name, (n % 5) * 200)));
    for (const [n, answer] of answers.entries()) {
      const { hypervisor } = JSON.parse(answer).data;
      expect(Object.keys(hypervisor)).toEqual([0, 1, 2].map((field) => `${names[n]}_${field}`));
      for (const processors of Object.values<any[]>(hypervisor)) expect(processors).toHaveLength(16);
    }
  });
});
