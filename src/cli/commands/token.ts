/** `hvql token`: prints a token for a service with the same secret. */
import { openSecret } from '../../server/auth/identity-key.ts';
import { signToken } from '../../server/auth/token.ts';
import type { TextStream } from '../command-context.ts';
import type { TokenSettings } from '../settings/settings.ts';

/** The context of the command, in addition to its settings. */
export interface TokenContext {
  readonly stdout: TextStream;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Prints the token and a newline. Rejects with a UsageError if the secret cannot be used. */
export async function printToken(settings: TokenSettings, { stdout, now }: TokenContext): Promise<void> {
  const { partition, privileges, hostNames, expiresIn, issuer, audience } = settings;
  const secret = await openSecret(settings.secret);
  const caller = { partitionId: partition, privileges };
  const issuedAt = now();
  const token = await signToken(
    { caller, hosts: hostNames, issuedAt, expiresAt: issuedAt + expiresIn, issuer, audience },
    secret,
  );
  stdout.write(`${token}\n`);
}
