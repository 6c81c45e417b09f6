/** Whether the clients of test/clients are installed: their tests run, or are skipped aloud. */
import { readFileSync } from 'node:fs';

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

/**
 * Whether node_modules of test/clients has what its lock file names. With REQUIRE_PROGRAMS=1, as in CI, a difference is
 * an error in place of a skip.
 */
export function areClientsInstalled(): boolean {
  const wanted = readLockFile('package-lock.json');
  const installed = readLockFile('node_modules/.package-lock.json');
  const differing = Object.entries(wanted?.packages ?? {}).filter(
    ([path, { version, optional = false }]) =>
      path !== '' && !optional && installed?.packages[path]?.version !== version,
  );
  if (differing.length === 0) return true;
  const packages = `${differing.length} packages of test/clients are not installed as its lock file names them`;
  const missing = `${packages} ("npm ci --prefix test/clients" would run its tests)`;
  if (process.env['REQUIRE_PROGRAMS'] === '1') throw new Error(missing);
  process.stderr.write(`SKIPPED: ${missing}\n`);
  return false;
}

/** null where there is no such file. */
function readLockFile(path: string): LockFile | null {
  try {
    return JSON.parse(readFileSync(new URL(`clients/${path}`, import.meta.url), 'utf8')) as LockFile;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}
