/** Describes problems of a connection, with advice. */
import { isObject } from '../../../lib/json.ts';
import { systemErrorCode, systemErrorReason } from '../../../lib/system-error.ts';
import { LinkError, type LinkProblem } from './graph-link.ts';

/** The names in the messages. */
export interface LinkFacts {
  readonly address: string;
  readonly tokenFile: string | null;
}

/** Close codes of graphql-transport-ws and of this service (docs/protocol.md). */
const [unauthorized, forbidden, initialisationTimeout, tooLate, going, tryAgain, terminated] = [
  4401, 4403, 4408, 4504, 1001, 1013, 4499,
];

/** The problem that ended or prevented a connection: an error, an error event or a close event of `ws`. */
export function problemOf(thrown: unknown, facts: LinkFacts): LinkProblem {
  if (thrown instanceof LinkError) return thrown.problem;
  const error = isObject(thrown) && 'error' in thrown ? thrown['error'] : thrown;
  if (error instanceof Error && !('wasClean' in error)) return errorProblem(error, facts);
  const { code, reason } = isObject(thrown) ? thrown : {};
  return closeProblem(typeof code === 'number' ? code : 0, {
    reason: typeof reason === 'string' ? reason : '',
    facts,
  });
}

/** Whether a result says that the token is invalid or has expired. */
export function isAboutToken(errors: unknown): boolean {
  if (!Array.isArray(errors)) return false;
  return errors.some((error: unknown) => {
    const extensions = isObject(error) ? error['extensions'] : null;
    return isObject(extensions) && extensions['code'] === 'UNAUTHENTICATED';
  });
}

function errorProblem(error: Error, { address }: LinkFacts): LinkProblem {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const [, status] = /Unexpected server response: (\d+)/.exec(error.message) ?? [];
  if (status !== undefined) {
    return {
      message: `${address} answers with HTTP status ${status}, not as a GraphQL service over WebSocket.`,
      advice: 'Check the path (hvql serves at /graphql) and that a proxy in front of it forwards WebSockets.',
    };
  }
  // OpenSSL's message for a response that is not TLS.
  if (code === 'EPROTO' && error.message.includes('wrong version number'))
    return {
      message: `${address} does not support TLS.`,
      advice: 'Use http:// in --url, or check its port.',
    };
  if (/CERT|SELF_SIGNED|TLS|SSL|UNABLE_TO|EPROTO/.test(code)) {
    return {
      message: `The certificate of ${address} is not trusted, or it does not support TLS: ${error.message}.`,
      advice: "Give its issuer's PEM file with --tls-ca, and check http against https.",
    };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      message: `The name in ${address} is not known: ${error.message}.`,
      advice: 'Check --url.',
    };
  }
  const reason = systemErrorCode(error) === undefined ? error.message : systemErrorReason(error);
  return {
    message: `${address} cannot be reached: ${reason}.`,
    advice: 'Check --url, and that hvql serve or hvql gateway runs there.',
  };
}

function closeProblem(
  code: number,
  { reason, facts }: { readonly reason: string; readonly facts: LinkFacts },
): LinkProblem {
  const { address, tokenFile } = facts;
  if (code === unauthorized || code === forbidden) {
    const message = `${address} does not accept the token: ${reason.replace(/\.$/, '') || 'it gave no reason'}.`;
    const file = tokenFile === null ? '' : ` ${tokenFile}`;
    return tokenFile === null
      ? {
          message: `${address} needs a token.`,
          advice: 'Use --token-file; "hvql token" prints a token.',
        }
      : { message, advice: `Write a new token to${file}; it is reloaded when it changes.` };
  }
  if (code === going)
    return { message: `${address} is shutting down.`, advice: 'Retrying until it is back.' };
  if (code === tryAgain)
    return { message: `${address} cannot accept it now: ${reason}.`, advice: 'Retrying.' };
  if (code === terminated || code === initialisationTimeout || code === tooLate)
    return { message: `${address} no longer responds.`, advice: 'Retrying.' };
  const why = reason === '' ? '' : ` (${code}: ${reason})`;
  return { message: `The connection to ${address} is lost${why}.`, advice: 'Retrying.' };
}
