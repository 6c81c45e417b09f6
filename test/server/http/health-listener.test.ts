import { createServer } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { openHealthListener } from '../../../src/server/http/health-listener.ts';

const options = { host: '127.0.0.1', report: async () => [], log: pino({ enabled: false }) };

describe('a listener for the health that cannot start', () => {
  it('names its own setting if the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, options.host, resolve));
    const { port } = other.address() as { port: number };
    const opened = openHealthListener({ ...options, port });
    await expect(opened).rejects.toEqual(
      new UsageError([
        `127.0.0.1 port ${port} is taken by another program: give another port in --metrics-listen, or 0 for any free one.`,
      ]),
    );
    other.close();
  });

  it('names its own setting if the address is not one of the machine', async () => {
    await expect(openHealthListener({ ...options, host: '192.0.2.1', port: 0 })).rejects.toEqual(
      new UsageError(['--metrics-listen 192.0.2.1 is no address of this machine (EADDRNOTAVAIL).']),
    );
  });
});
