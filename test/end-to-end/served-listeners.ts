/** A service by HTTP with a guest socket, and one by HTTPS, for all tests of a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { tlsFile } from '../secure.ts';
import { serve, type Served } from './program.ts';

/** Programs that run from before the first test of the file until after the last. */
export interface Services {
  readonly plain: Served;
  readonly secure: Served;
  /** Of partition 2, which the plain service listens on. */
  readonly guestSocket: string;
}

/** Starts both before the tests of the file; the properties can be read from then on. */
export function servePlainAndSecure(): Services {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-listeners-'));
  const guestSocket = join(folder, 'guest');
  const services = { guestSocket } as { -readonly [K in keyof Services]: Services[K] };
  beforeAll(async () => {
    [services.plain, services.secure] = await Promise.all([
      serve(['--guest-socket', `2=${guestSocket}`]),
      serve(['--tls-cert', tlsFile('server.pem'), '--tls-key', tlsFile('server.key')]),
    ]);
  });
  afterAll(async () => {
    await Promise.all([services.plain.program.stop(), services.secure.program.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });
  return services;
}
