/** New certificates without a new start. */
import type { Logger } from 'pino';
import { messageOf, UsageError } from '../../errors.ts';
import type { RunningServer } from '../../server/server.ts';
import { readTls, type TlsSettings } from '../../server/http/tls.ts';

/**
 * A function that reads the files of TLS again, and has the server show what they hold now. Where they are of no use,
 * the log says why, and all stays as it was. Calls wait for each other.
 */
export function tlsRenewer(
  server: Pick<RunningServer, 'renewTls'>,
  { settings, log }: { readonly settings: TlsSettings; readonly log: Logger },
): () => Promise<void> {
  let last = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      server.renewTls(await readTls(settings));
      log.info('the certificates have been read again');
    } catch (thrown) {
      const problems = thrown instanceof UsageError ? thrown.problems : [messageOf(thrown)];
      log.error({ problems }, 'the certificates stay as they were');
    }
  };
  return () => {
    last = last.then(renew);
    return last;
  };
}
