import { writeFileSync } from 'node:fs';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { serve } from '../../../src/cli/commands/serve.ts';
import { parseCommand } from '../../../src/cli/settings/settings.ts';
import { UsageError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { copyOfFixture, scratchFolder } from '../../source/scratch.ts';
import { until } from '../../until.ts';
import { readableLog, send } from '../../server/test-service.ts';
import { CommandOnTrial } from '../command-on-trial.ts';

interface Served {
  readonly url: string;
  /** Its output about tokens. */
  readonly errors: string;
  readonly log: readonly string[];
  /** As SIGHUP does. */
  readonly reopen: () => void;
}

/** Serves on any free port with these arguments, until the tested function has ended. */
async function serveFor(args: readonly string[], tryOut: (served: Served) => Promise<void>): Promise<number> {
  const command = parseCommand(['serve', '--port', '0', ...args], {});
  if (command.name !== 'serve') throw new Error('another command');
  const trial = new CommandOnTrial();
  const { log, lines } = readableLog();
  let trying: Promise<void> | undefined;
  const stdout = {
    write(text: string) {
      const url = /listening on (\S+)/.exec(text)?.[1] ?? '';
      const reopen = (): void => trial.reopening.forEach((each) => each());
      // Once the service has started, it handles SIGHUP.
      trying = tryOut({ url, errors: trial.errors, log: lines, reopen }).finally(() => trial.abort());
    },
  };
  const { wait, stderr, signal, onReopen } = trial;
  const world = {
    clock: systemClock,
    wait,
    stderr,
    signal,
    onReopen,
    stdout,
    log,
    platform: process.platform,
  };
  const code = await serve(command.settings, world);
  await trying;
  return code;
}

function writeManifest(folder: string, name: string): void {
  const partitions = [
    { id: '1', parent: null },
    { id: '5', parent: '1', name },
  ];
  writeFileSync(`${folder}/manifest.json`, JSON.stringify({ format: 'hvql-pages', version: 1, partitions }));
}

describe('hvql serve', () => {
  it('escapes control characters in a name that it prints with its token', async () => {
    const folder = copyOfFixture('small-host');
    writeManifest(folder, 'web\u001b]0;owned\u0007\n1');
    const code = await serveFor(['--source', `pages:${folder}`], async ({ errors }) => {
      expect(errors).toMatch(
        /^Token of a guest, partition 5 \(web\\u\{1b\}\]0;owned\\u\{7\}\\u\{a\}1\): ey/m,
      );
    });
    expect(code).toBe(0);
  });

  it('logs what is wrong with a manifest, and does not tell clients', async () => {
    const folder = copyOfFixture('small-host');
    await serveFor(['--source', `pages:${folder}`], async ({ url, errors, log }) => {
      const guest = /a guest.*: (\S+)$/m.exec(errors)?.[1] ?? '';
      writeFileSync(`${folder}/manifest.json`, '{"format":"hvql-pages","version":"secret-version"}');
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${guest}` },
        body: JSON.stringify({ query: '{ partition { name } }' }),
      });
      expect(await response.json()).toMatchObject({
        errors: [{ message: 'manifest.json is not valid.', extensions: { code: 'PAGE_UNAVAILABLE' } }],
      });
      const lines = log.filter((line) => line.includes('the source does not respond'));
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '{}').err.message).toBe(
        'manifest.json is not valid.: manifest.json: version needs 1, but is "secret-version".',
      );
    });
  });

  it('reloads its list of revoked credentials and its key, and keeps the old ones if the new ones are invalid', async () => {
    const folder = scratchFolder();
    const [list, secret] = [`${folder}/revoked`, `${folder}/secret`];
    writeFileSync(list, '{}');
    writeFileSync(secret, 'x'.repeat(32));
    const sign = (jti: string, key: string): Promise<string> =>
      new SignJWT({ hv_partition: '1', jti }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(key));
    const args = ['--jwt-secret-file', secret, '--revoked', list];
    await serveFor(args, async ({ url, log, reopen }) => {
      const ask = async (token: string): Promise<number> => {
        // On a connection of its own: idle ones are cut.
        const headers = { authorization: `Bearer ${token}`, accept: 'application/json', connection: 'close' };
        return (await send(`${url}?query=%7B__typename%7D`, { headers })).status;
      };
      const said = (text: string): boolean => log.some((line) => line.includes(text));
      const [a, b] = [await sign('a', 'x'.repeat(32)), await sign('b', 'x'.repeat(32))];
      expect([await ask(a), await ask(b)]).toEqual([200, 200]);
      writeFileSync(list, '{"jti":["a"]}');
      await until(async () => (await ask(a)) === 401);
      expect(await ask(b)).toBe(200);
      writeFileSync(list, '{"jti":[5]}');
      await until(() => said('the revoked credentials could not be reloaded and stay unchanged'));
      expect(log.join('')).toContain('--revoked: jti[0] needs the jti of a token as a string, but is 5.');
      expect([await ask(a), await ask(b)]).toEqual([401, 200]);
      writeFileSync(secret, 'y'.repeat(32));
      reopen();
      await until(async () => (await ask(b)) === 401);
      expect(await ask(await sign('b', 'y'.repeat(32)))).toBe(200);
    });
    const noList = ['--jwt-secret-file', secret, '--revoked', `${folder}/none`];
    await expect(serveFor(noList, async () => {})).rejects.toEqual(
      new UsageError(['--revoked: the file cannot be read: no such file or directory (ENOENT).']),
    );
  });

  it('reports problems of the source and of the identity together', async () => {
    const folder = scratchFolder();
    const args = ['--source', `pages:${folder}/nowhere`, '--jwt-secret-file', `${folder}/none`];
    await expect(serveFor(args, async () => {})).rejects.toEqual(
      new UsageError([
        `The folder ${folder}/nowhere cannot be read: no such file or directory (ENOENT).`,
        `The secret file ${folder}/none cannot be read: ENOENT: no such file or directory, open '${folder}/none'.`,
      ]),
    );
  });
});
