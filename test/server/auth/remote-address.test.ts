import { describe, expect, it } from 'vitest';
import { TrustedProxies } from '../../../src/server/auth/remote-address.ts';
import { until } from '../../until.ts';
import { send, startTestService } from '../test-service.ts';

const proxies = new TrustedProxies(['10.0.0.0/8', '127.0.0.1', '2001:db8:1::/48', '::1']);

/** The client of a request that comes from `peer` with this X-Forwarded-For. */
const clientOf = (peer: string | undefined, forwarded?: string): string | null =>
  proxies.clientOf({
    socket: { remoteAddress: peer },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  });

describe('the address of a client', () => {
  it.each([
    ['without a header, the other end of the connection', '10.0.0.1', undefined, '10.0.0.1'],
    ['from a peer that is not a proxy, that peer', '192.0.2.7', '198.51.100.1', '192.0.2.7'],
    ['from a proxy, the address in its header', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    [
      'behind several proxies, the nearest peer that is not a proxy',
      '10.0.0.1',
      '203.0.113.9, 198.51.100.1, 10.2.3.4',
      '198.51.100.1',
    ],
    ['of a chain of proxies only, the first', '10.0.0.1', '10.0.0.3,10.0.0.2', '10.0.0.3'],
    ['with a port', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['of IPv6 in brackets, with a port', '::1', '[2001:DB8::0:5]:4711', '2001:db8::5'],
    ['of IPv6 with a zone', 'fe80::1%eth0', undefined, 'fe80::1'],
    ['of IPv4 within IPv6', '::ffff:127.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
    ['behind an IPv6 proxy of a network', '2001:db8:1:2::3', '198.51.100.1', '198.51.100.1'],
    ['if the proxy writes no address, the proxy', '10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
    ['after an invalid address, the proxy before it', '10.0.0.1', 'unknown, 10.0.0.2', '10.0.0.2'],
    ['with an empty header, the proxy', '10.0.0.1', '', '10.0.0.1'],
    ['with a chain that is too long, the proxy', '10.0.0.1', Array(65).fill('10.0.0.2').join(), '10.0.0.1'],
    ['of a UNIX socket, null', undefined, '198.51.100.1', null],
  ])('is, %s', (_title, peer, forwarded, client) => expect(clientOf(peer, forwarded)).toBe(client));

  it('is logged for a request and for a refused upgrade', async () => {
    const service = await startTestService({ trustedProxies: ['127.0.0.1'] });
    try {
      const forwarded = { 'x-forwarded-for': '198.51.100.1' };
      await send(service.url, { path: '/health', headers: forwarded });
      const upgrade = { ...forwarded, connection: 'upgrade', upgrade: 'websocket' };
      await send(service.url, { path: '/health', headers: upgrade });
      const lines = (): string[] =>
        service.lines.filter((line) => /"msg":"(?:request|upgrade refused)"/.test(line));
      await until(() => lines().length === 2);
      for (const line of lines()) expect(JSON.parse(line)).toMatchObject({ address: '198.51.100.1' });
    } finally {
      await service.close();
    }
  });
});
