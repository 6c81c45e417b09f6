/** A manifest that is lost while the service runs: it makes no caller the root, in any process. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { childrenOf, isAlive } from './process-tree.ts';
import { serve, type Served } from './program.ts';
import { until } from '../until.ts';
import { transports } from './watcher.ts';

const secret = 'the secret of the lost manifest, long enough';
/** In the folder's manifest partition 9 is the root and partition 1 one of its guests. */
const manifest = JSON.stringify({
  format: 'hvql-pages',
  version: 1,
  partitions: ['1', '5', '9', '13'].map((id) => ({ id, parent: id === '9' ? null : '9' })),
});
const globalFields = 'logicalProcessors { counters { totalRunTime } }';

async function folderWith(fixture: string): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'hvql-manifest-'));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const folder = join(base, 'host');
  await cp(`test/fixtures/${fixture}`, folder, { recursive: true });
  return folder;
}

async function serveSource(source: string, ...flags: readonly string[]): Promise<Served> {
  const served = await serve(['--source', source, ...flags], { HVQL_JWT_SECRET: secret });
  onTestFinished(async () => {
    await served.program.stop('SIGKILL');
  });
  return served;
}

function tokenOf(partition: string): Promise<string> {
  return new SignJWT({ hv_partition: partition })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

/** What a partition gets of the logical processors, over a connection of its own; null where the service does not listen. */
async function ask({ url }: Served, partition: string): Promise<any> {
  const token = await tokenOf(partition);
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const sent = request(
      url,
      { method: 'POST', agent: new Agent({ maxSockets: 1 }), headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('error', () => resolve(null)).on('end', () => resolve(JSON.parse(text)));
      },
    );
    sent
      .on('error', () => resolve(null))
      .end(JSON.stringify({ query: `{ hypervisor { ${globalFields} } }` }));
  });
}

const processorsIn = (answer: any): unknown => answer?.data?.hypervisor?.logicalProcessors ?? null;
const codesIn = (answer: any): unknown[] => answer?.errors?.map((error: any) => error.extensions.code) ?? [];
const isLost = (answer: any): boolean => codesIn(answer).includes('PAGE_UNAVAILABLE');

describe('a manifest that is lost', () => {
  it('is an error for all queries and subscriptions, and makes no guest the root', async () => {
    const folder = await folderWith('small-host');
    await writeFile(join(folder, 'manifest.json'), manifest);
    const served = await serveSource(`pages:${folder}`);
    expect(processorsIn(await ask(served, '9'))).toHaveLength(4);
    expect(codesIn(await ask(served, '1'))).toEqual(['ACCESS_DENIED']);
    const watchers = await Promise.all(
      Object.values(transports).map(async (watch) =>
        watch({
          url: served.url,
          token: await tokenOf('1'),
          query: `subscription { hypervisor(every: "100ms") { sampledAt ${globalFields} } }`,
        }),
      ),
    );
    await Promise.all(watchers.map((watcher) => watcher.event(0)));
    await rm(join(folder, 'manifest.json'));
    await Promise.all(watchers.map((watcher) => watcher.next(isLost)));
    await until(async () => isLost(await ask(served, '9')));
    const answer = await ask(served, '1');
    expect([codesIn(answer), processorsIn(answer)]).toEqual([['PAGE_UNAVAILABLE'], null]);
    await writeFile(join(folder, 'manifest.json'), manifest);
    await until(async () => processorsIn(await ask(served, '9')) !== null);
    await Promise.all(watchers.map((watcher) => watcher.next((event) => !isLost(event))));
    for (const { events } of watchers) expect(events.map(processorsIn).filter(Boolean)).toEqual([]);
  });

  it('is an error in workers that start later, and in those that never read it', async () => {
    const folder = await folderWith('small-host');
    await rm(join(folder, 'manifest.json'));
    const served = await serveSource(`pages:${folder}`, '--workers', '2');
    expect(processorsIn(await ask(served, '1'))).not.toBeNull();
    await writeFile(join(folder, 'manifest.json'), manifest);
    // By then one of the two has seen it, and perhaps not the other.
    await until(async () => processorsIn(await ask(served, '9')) !== null);
    await rm(join(folder, 'manifest.json'));
    await until(async () => isLost(await ask(served, '1')));
    await until(async () => {
      const answers = await Promise.all([1, 2, 3, 4].map(() => ask(served, '1')));
      return answers.every(isLost);
    });
    const pid = served.program.child.pid ?? 0;
    const workers = childrenOf(pid);
    for (const worker of workers) process.kill(worker, 'SIGKILL');
    await until(() => workers.every((worker) => !isAlive(worker)));
    await until(async () => childrenOf(pid).length === 2 && (await ask(served, '1')) !== null);
    for (let n = 0; n < 6; n++) {
      const answer = await ask(served, '1');
      // One of them may not listen yet.
      if (answer !== null)
        expect([codesIn(answer), processorsIn(answer)]).toEqual([['PAGE_UNAVAILABLE'], null]);
    }
    await writeFile(join(folder, 'manifest.json'), manifest);
    await until(async () => processorsIn(await ask(served, '9')) !== null);
    // The other worker may see it a moment later; until then it says that the manifest is lost, and never more.
    await until(async () => {
      const answers = await Promise.all([1, 2, 3, 4].map(() => ask(served, '1')));
      expect(answers.map(processorsIn)).toEqual([null, null, null, null]);
      return answers.every((answer) => codesIn(answer).includes('ACCESS_DENIED'));
    });
  });

  it.each([
    ['that is missing', ''],
    ['that is invalid', '{"format": "hvql-pages"'],
  ])('is an error for a capture in a folder: a manifest %s', async (_, content) => {
    const folder = await folderWith('three-frames');
    const path = join(folder, 'manifest.json');
    const text = await readFile(path, 'utf8');
    const served = await serveSource(`capture:${folder}`, '--workers', '2');
    expect(processorsIn(await ask(served, '1'))).not.toBeNull();
    await rm(path);
    if (content !== '') await writeFile(path, content);
    await until(async () => isLost(await ask(served, '1')));
    await writeFile(path, text);
    await until(async () => processorsIn(await ask(served, '1')) !== null);
  });
});
