/** Temporary keys of a gateway, for the duration of a command. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Generates a key pair, and writes both keys to a folder that only this user can read. */
export function writeGatewayKeys(folder: string): {
  readonly privateKey: string;
  readonly publicKeys: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const kid = randomUUID();
  const paths = {
    privateKey: join(folder, 'gateway-key.json'),
    publicKeys: join(folder, 'gateway-keys.json'),
  };
  const write = (path: string, value: object): void =>
    writeFileSync(path, JSON.stringify(value), { mode: 0o600 });
  write(paths.privateKey, { ...privateKey.export({ format: 'jwk' }), kid });
  write(paths.publicKeys, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA' }] });
  return paths;
}
