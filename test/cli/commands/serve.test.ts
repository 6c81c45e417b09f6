import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serve } from '../../../src/cli/commands/serve.ts';
import { parseCommand } from '../../../src/cli/settings/settings.ts';
import { UsageError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { copyOfFixture, scratchFolder } from '../../source/scratch.ts';
import { readableLog } from '../../server/test-service.ts';
import { CommandOnTrial } from '../command-on-trial.ts';

interface Served {
  readonly url: string;
  /** What it said of its tokens. */
  readonly errors: string;
  readonly log: readonly string[];
}

/** Serves on any free port with these arguments, until what is to be tried is over. */
async function serveFor(args: readonly string[], tryOut: (served: Served) => Promise<void>): Promise<number> {
  const command = parseCommand(['serve', '--port', '0', ...args], {});
  if (command.name !== 'serve') throw new Error('another command');
  const trial = new CommandOnTrial();
  const { log, lines } = readableLog();
  let trying: Promise<void> | undefined;
  const stdout = {
    write(text: string) {
      const url = /listening on (\S+)/.exec(text)?.[1] ?? '';
      trying = tryOut({ url, errors: trial.errors, log: lines }).finally(() => trial.abort());
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

describe('a service', () => {
  it('shows no control characters of a name beside its token', async () => {
    const folder = copyOfFixture('small-host');
    writeManifest(folder, 'web\u001b]0;owned\u0007\n1');
    const code = await serveFor(['--source', `pages:${folder}`], async ({ errors }) => {
      expect(errors).toMatch(
        /^Token of a guest, partition 5 \(web\\u\{1b\}\]0;owned\\u\{7\}\\u\{a\}1\): ey/m,
      );
    });
    expect(code).toBe(0);
  });

  it('has in its log what is wrong with a manifest, which it tells no client', async () => {
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
      const lines = log.filter((line) => line.includes('the source does not answer'));
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '{}').err.message).toBe(
        'manifest.json is not valid.: manifest.json: version needs 1, but is "secret-version".',
      );
    });
  });

  it('tells what is wrong with the source and with the identity at once', async () => {
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
