import { describe, expect, it } from 'vitest';
import { leftBehind } from './leftovers.ts';
import { startServiceHere } from './service-here.ts';
import { runVisits, shutDownUnderVisits } from './visiting.ts';

describe('a service with clients that connect and disconnect', () => {
  it('keeps neither timers nor sockets of disconnected clients', async () => {
    const service = await startServiceHere();
    await runVisits(service, 250);
    expect(await leftBehind()).toMatchObject({ timers: 0, sockets: 0, servers: 1 });
    await service.close();
    await shutDownUnderVisits(50);
    expect(await leftBehind()).toMatchObject({ timers: 0, sockets: 0, servers: 0 });
  });
});
