import { describe, expect, it } from 'vitest';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { checkHost, hostRule, isLoopback } from '../../../src/server/auth/host.ts';

describe('a host to bind to', () => {
  it.each(['localhost', 'LocalHost', '127.0.0.1', '127.255.255.254', '::1', '[::1]', '0:0:0:0:0:0:0:1'])(
    '%s is loopback',
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
  ])('%j is not', (host) => expect(isLoopback(host)).toBe(false));
});

describe('a Host header', () => {
  const check = (host: string | undefined): void => {
    const request = new IncomingMessage(new Socket());
    Object.assign(request, { headers: { host }, httpVersion: '1.0' });
    checkHost(request, hostRule({ host: '127.0.0.1', allowedHosts: [] }));
  };

  it.each([undefined, '', ':4000', 'localhost:', 'localhost:port', '::1', '::1:80', '[::1]x', '127.1'])(
    '%j names no loopback host',
    (header) => expect(() => check(header)).toThrow(/names another host/),
  );

  it.each(['localhost', 'LOCALHOST:4000', '127.0.0.2:1', '[::1]', '[0:0::1]:4000'])(
    '%j names one',
    (header) => expect(() => check(header)).not.toThrow(),
  );
});
