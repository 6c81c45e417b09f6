import { describe, expect, it } from 'vitest';
import { isLoopback, namesLoopback } from '../../../src/server/auth/loopback.ts';

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
  it.each([undefined, '', ':4000', 'localhost:', 'localhost:port', '::1', '[::1]x'])(
    '%j names no loopback host',
    (header) => {
      expect(namesLoopback(header)).toBe(false);
    },
  );
});
