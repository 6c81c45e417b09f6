/** Programs from Debian that some tests need: found, or the test is skipped aloud. */
import { accessSync, constants } from 'node:fs';

/** Packages that do not have their program's name. */
const packages: Readonly<Record<string, string>> = {
  'systemd-analyze': 'systemd',
  'systemd-socket-activate': 'systemd',
  promtool: 'prometheus',
  prlimit: 'util-linux',
  script: 'bsdutils',
};

/**
 * The path of a program, or null where it is not installed. With REQUIRE_PROGRAMS=1, as in CI, a missing program is an
 * error in place of a skip.
 */
export function findProgram(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return `${folder}/${name}`;
    } catch {
      continue;
    }
  }
  const missing = `${name} is not installed ("apt-get install ${packages[name] ?? name}" would run these tests)`;
  if (process.env['REQUIRE_PROGRAMS'] === '1') throw new Error(missing);
  process.stderr.write(`SKIPPED: ${missing}\n`);
  return null;
}
