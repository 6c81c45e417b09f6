/** The files with keys, certificates and revocations: reloads them on SIGHUP and when they change. */
import { readFile, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { messageOf, UsageError } from '../../errors.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import type { DelegatedIdentity } from '../../fleet/delegated-token.ts';
import { parseRevocationList, type RevocationList } from '../../revocation/revocation-list.ts';
import type { Revocations } from '../../revocation/revocations.ts';
import type { OpenIdentity } from '../../server/auth/identity.ts';
import { readTls } from '../../server/http/tls.ts';
import type { RunningServer } from '../../server/server.ts';
import type { ServeSettings } from '../settings/settings.ts';

/** Files that are read together. */
export interface CredentialFiles {
  /** In the plural, for the log: "the certificates". */
  readonly what: string;
  readonly paths: readonly string[];
  /** Reloads and applies them. Rejects with a UsageError if they cannot be used. */
  readonly renew: () => Promise<void>;
}

interface Entry {
  readonly files: CredentialFiles;
  /** The last reload. */
  last: Promise<void>;
}

/** The interval at which files are checked for changes. */
const watchMilliseconds = 1_000;

/** The settings with paths of credential files. */
type CredentialSettings = Pick<ServeSettings, 'identity' | 'fleet' | 'revoked' | 'tls'>;

/** The credential files of the settings, in the order in which they are reloaded. */
export function credentialPaths({ identity, fleet, revoked, tls }: CredentialSettings): {
  readonly keys: readonly string[];
  readonly gatewayKeys: readonly string[];
  readonly revoked: readonly string[];
  readonly tls: readonly string[];
  /** Whether there is something to reload on SIGHUP. A key set is fetched. */
  readonly isAny: boolean;
} {
  const method = identity?.method;
  const keys = method !== undefined && 'path' in method ? [method.path] : [];
  const gatewayKeys = fleet?.gatewayKeys == null ? [] : [fleet.gatewayKeys];
  const list = revoked === null ? [] : [revoked];
  const { cert, key, clientCa = null, clientMap = null, crl = null } = tls ?? {};
  const certificates = [cert, key, clientCa, clientMap, crl].filter((path) => path != null);
  const isAny = method?.kind === 'jwks' || [...keys, ...gatewayKeys, ...list, ...certificates].length > 0;
  return { keys, gatewayKeys, revoked: list, tls: certificates, isAny };
}

/** The files of the settings, with the functions that apply them. */
export function credentialFiles(
  server: Pick<RunningServer, 'renewTls'>,
  {
    identity,
    delegated,
    revocations,
    settings,
  }: {
    readonly identity: Pick<OpenIdentity, 'renewKeys'> | null;
    readonly delegated: DelegatedIdentity | null;
    readonly revocations: Revocations;
    readonly settings: CredentialSettings;
  },
): readonly CredentialFiles[] {
  const { tls, revoked } = settings;
  const paths = credentialPaths(settings);
  return [
    ...(identity === null || settings.identity === null || settings.identity.method.kind === 'secret'
      ? []
      : [{ what: 'the keys of tokens', paths: paths.keys, renew: () => identity.renewKeys() }]),
    ...(delegated === null
      ? []
      : [
          {
            what: 'the keys of gateways',
            paths: paths.gatewayKeys,
            renew: () => delegated.renewKeys(),
          },
        ]),
    ...(revoked === null
      ? []
      : [
          {
            what: 'the revoked credentials',
            paths: paths.revoked,
            renew: async () => revocations.replace(await readRevocationList(revoked)),
          },
        ]),
    ...(tls === null
      ? []
      : [
          {
            what: 'the certificates',
            paths: paths.tls,
            renew: async () => server.renewTls(await readTls(tls)),
          },
        ]),
  ];
}

/** The current states of these files: later changes cause a reload. */
export async function fileStates(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const states = new Map<string, string>();
  for (const path of paths) states.set(path, await fileState(path));
  return states;
}

/** Reads the list of revoked credentials. Rejects with a UsageError with the flag instead of the path. */
export async function readRevocationList(path: string): Promise<RevocationList> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    throw new UsageError([`--revoked: the file cannot be read: ${systemErrorReason(thrown)}.`]);
  }
  return parseRevocationList(text, '--revoked');
}

/** Identifies a file and its state, to detect changes and replacement. Links are followed. */
async function fileState(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (thrown) {
    return systemErrorReason(thrown);
  }
}

/**
 * Watches files; `states` are their states before they were first read. If files cannot be used, that is logged, and their
 * previous content stays in use. The state of each file is polled, because file system notifications do not cover links,
 * mounts and replaced files.
 */
export class CredentialWatch {
  readonly #log: Logger;
  readonly #entries: readonly Entry[];
  readonly #states: Map<string, string>;
  readonly #timer: NodeJS.Timeout;
  #isChecking = false;

  constructor(
    all: readonly CredentialFiles[],
    { states, log }: { readonly states: ReadonlyMap<string, string>; readonly log: Logger },
  ) {
    this.#log = log;
    this.#entries = all.map((files) => ({ files, last: Promise.resolve() }));
    this.#states = new Map(states);
    this.#timer = setInterval(() => void this.#check(), watchMilliseconds).unref();
  }

  /** Reloads all files, one after another. */
  async renewAll(): Promise<void> {
    for (const entry of this.#entries) await this.#renew(entry);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    for (const entry of this.#entries) if (await this.#hasChanged(entry.files)) await this.#renew(entry);
    this.#isChecking = false;
  }

  async #hasChanged({ paths }: CredentialFiles): Promise<boolean> {
    let hasChanged = false;
    for (const path of paths) {
      const state = await fileState(path);
      if (state !== this.#states.get(path)) hasChanged = true;
      this.#states.set(path, state);
    }
    return hasChanged;
  }

  /** Calls run one after another, so the last call reads last. */
  #renew(entry: Entry): Promise<void> {
    const { what, renew } = entry.files;
    entry.last = entry.last.then(async () => {
      try {
        await renew();
        this.#log.info(`${what} have been reloaded`);
      } catch (thrown) {
        const problems = thrown instanceof UsageError ? thrown.problems : [messageOf(thrown)];
        this.#log.error({ problems }, `${what} could not be reloaded and stay unchanged`);
      }
    });
    return entry.last;
  }
}
