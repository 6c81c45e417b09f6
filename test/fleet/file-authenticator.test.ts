import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, expect, it } from 'vitest';
import { fileAuthenticator } from '../../src/fleet/connection.ts';

const folder = mkdtempSync(join(tmpdir(), 'hvql-creds-'));
const path = join(folder, 'user.creds');
afterAll(() => rmSync(folder, { recursive: true }));

/** A file as nsc writes it. */
function write(jwt: string): void {
  const seed = new TextDecoder().decode(nkeys.createUser().getSeed());
  const part = (name: string, text: string): string =>
    `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
  writeFileSync(path, `${part('NATS USER JWT', jwt)}\n${part('USER NKEY SEED', seed)}`);
}

it('a connection to NATS uses the current credentials of its file, and the last ones while the file is missing', () => {
  write('eyJhbGciOiJlZDI1NTE5LW5rZXkifQ.first.x');
  const authenticator = fileAuthenticator(path);
  const jwt = (): unknown => (authenticator('nonce') as { jwt?: string }).jwt;
  expect(jwt()).toBe('eyJhbGciOiJlZDI1NTE5LW5rZXkifQ.first.x');
  write('eyJhbGciOiJlZDI1NTE5LW5rZXkifQ.second.x');
  expect(jwt()).toBe('eyJhbGciOiJlZDI1NTE5LW5rZXkifQ.second.x');
  rmSync(path);
  expect(jwt()).toBe('eyJhbGciOiJlZDI1NTE5LW5rZXkifQ.second.x');
});
