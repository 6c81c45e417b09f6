/** The key server of an identity provider: it stops, and starts again with other keys. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

interface SigningKey {
  readonly id: string;
  readonly key: CryptoKey;
  readonly published: JWK;
}

/** A key set on a port of its own, and the tokens that its keys sign. */
export class KeyServer {
  #server: Server | null = null;
  #port = 0;
  #key: SigningKey;
  #made = 1;

  private constructor(key: SigningKey) {
    this.#key = key;
  }

  static async start(): Promise<KeyServer> {
    const server = new KeyServer(await makeKey(1));
    await server.comeBack();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/jwks.json`;
  }

  /** A token of this partition, signed with the key that is published now. */
  sign(partition: string): Promise<string> {
    return new SignJWT({ hv_partition: partition })
      .setProtectedHeader({ alg: 'ES256', kid: this.#key.id })
      .setExpirationTime('2h')
      .sign(this.#key.key);
  }

  /** Nothing listens at its address any more. */
  async goAway(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  }

  /** Puts another key in the place of the one so far. */
  async rotate(): Promise<void> {
    this.#made += 1;
    this.#key = await makeKey(this.#made);
  }

  async comeBack(): Promise<void> {
    const server = createServer((_request, response) => {
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ keys: [this.#key.published] }));
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }
}

async function makeKey(number: number): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const id = `key-${number}`;
  return {
    id,
    key: privateKey,
    published: { ...(await exportJWK(publicKey)), kid: id, alg: 'ES256', use: 'sig' },
  };
}
