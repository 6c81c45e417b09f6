import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Served } from './program.ts';

/** More than the kernel takes for a client that reads nothing: some 5 MB. */
const fields = Array.from({ length: 60 }, (_, n) => n);

/** Requests a large response with its own aliases, and does not read it for this time. */
function askSlowly(served: Served, name: string, milliseconds: number): Promise<string> {
  const { url, tokens } = served;
  const { hostname, port, host } = new URL(url);
  const field = (n: number): string => `${name}_${n}: logicalProcessors { page { bytes } }`;
  const body = JSON.stringify({ query: `{ hypervisor { ${fields.map(field).join(' ')} } }` });
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

describe.each(['0', '50ms'])(
  'clients that read their responses slowly, with snapshots shared for %s,',
  (shared) => {
    let served: Served;
    beforeAll(async () => {
      const source = ['--source', 'simulator?lps=16', '--max-values', '1000000'];
      served = await serve([...source, '--snapshot-max-age', shared]);
    });
    afterAll(() => served.program.stop());

    it('receive their own response completely, although memory of responses is reused', async () => {
      const names = Array.from({ length: 6 }, (_, n) => `reader${n}`);
      // Where snapshots are shared, equal operations share their bytes, and are done with them at different times.
      const asked = names.flatMap((name) => [name, name]);
      const answers = await Promise.all(asked.map((name, n) => askSlowly(served, name, (n % 5) * 200)));
      for (const [n, answer] of answers.entries()) {
        const { hypervisor } = JSON.parse(answer).data;
        expect(Object.keys(hypervisor)).toEqual(fields.map((field) => `${asked[n]}_${field}`));
        for (const processors of Object.values<any[]>(hypervisor)) expect(processors).toHaveLength(16);
      }
    });
  },
);
