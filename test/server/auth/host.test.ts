import { describe, expect, it } from 'vitest';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { checkHost, hostRule, isLoopback } from '../../../src/server/auth/host.ts';

describe('the host that a server binds to', () => {
  it.each(['localhost', 'LocalHost', '127.0.0.1', '127.255.255.254', '::1', '[::1]', '0:0:0:0:0:0:0:1'])(
    'is loopback: %s',
    (host) => expect(isLoopback(host)).toBe(true),
  );

  it.each([
    '',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '1.127.0.0',
    '127.1',
    '127.0.0.1.example',
    'localhost.',
    'example.com',
    '::1%lo',
    '::ffff:127.0.0.1',
    '[127.0.0.1',
    '2130706433',
  ])('is not loopback: %j', (host) => expect(isLoopback(host)).toBe(false));
});

describe('a Host header', () => {
  const check = (host: string | undefined): void => {
    const request = new IncomingMessage(new Socket());
    Object.assign(request, { headers: { host }, httpVersion: '1.0' });
    checkHost(request, hostRule({ host: '127.0.0.1', allowedHosts: [] }));
  };

  it.each([undefined, '', ':4000', 'localhost:', 'localhost:port', '::1', '::1:80', '[::1]x', '127.1'])(
    'does not name a loopback host: %j',
    (header) => expect(() => check(header)).toThrow(/names another host/),
  );

  it.each(['localhost', 'LOCALHOST:4000', '127.0.0.2:1', '[::1]', '[0:0::1]:4000'])(
    'names a loopback host: %j',
    (header) => expect(() => check(header)).not.toThrow(),
  );
});
