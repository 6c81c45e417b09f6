import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { parse, type DocumentNode, type ExecutionResult } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  executeOperation,
  operationContext,
  type ExecutionContext,
  type ServiceContext,
} from '../../../src/execution/execute.ts';
import { LiveOperations } from '../../../src/execution/live/live-operations.ts';
import { createSchema } from '../../../src/graph/schema.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import { HvqlError } from '../../../src/errors.ts';
import type { Watcher } from '../../../src/sampling/schedule/tick.ts';
import type { Topology } from '../../../src/snapshot/topology.ts';
import { systemClock, type Clock } from '../../../src/snapshot/moment.ts';
import { systemFiles, type FileSystem } from '../../../src/source/page-folder/file-system.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import { caller, testLimits, testHost } from '../../ask.ts';
import { ManualClock } from '../../source/manual-clock.ts';
import { copyOfFixture, scratchFolder } from '../../source/scratch.ts';
import { until } from '../../until.ts';

const schema = createSchema();
const oneCounter = parse('{ partition(id: 5) { virtualProcessor(index: 0) { counters { totalRunTime } } } }');
const processorsOf = (id: number): DocumentNode =>
  parse(`{ partition(id: ${id}) { virtualProcessors { index } } }`);
const ofFive = processorsOf(5);
const ofRoot = processorsOf(1);
const ofAll = parse('{ hypervisor { partitions { nodes { partitionId virtualProcessors { index } } } } }');
const total = parse('{ hypervisor { virtualProcessorTotals { objects } } }');
const logicalProcessors = parse('{ hypervisor { logicalProcessors { index } } }');

let folder: string;
/** The folders of virtual processors that were read from the file system. */
let asked: string[];
beforeEach(() => {
  folder = copyOfFixture('small-host');
  const some = Array.from({ length: 40 }, (_, n) => 100 + n);
  // More than the scope tracks individually.
  const more = Array.from({ length: 260 }, (_, n) => 1_000 + n);
  for (const id of [...some, ...more]) mkdirSync(`${folder}/partition/${id}/vp/0`, { recursive: true });
  asked = [];
});

function service(shareMilliseconds: number, clock: Clock = systemClock): ServiceContext {
  const files: FileSystem = {
    ...systemFiles,
    statSync(path) {
      if (path.endsWith('/vp')) asked.push(path.slice(folder.length + 1));
      return systemFiles.statSync(path);
    },
    // A folder that stays open is looked at without its path.
    isLocalSync: () => false,
    // In the future: no file has changed so recently that it must be read again.
    now: () => Date.now() + 10_000,
  };
  const source = openPageFolder(folder, { clock, files });
  const sampler = new Sampler({ source, clock, timeoutMilliseconds: 5_000, shareMilliseconds });
  const health = () => sampler.health;
  return {
    sampler,
    service: { version: '1.2.3', host: testHost, limits: testLimits, introspection: 'on', health },
  };
}

function contextIn(world: ServiceContext): ExecutionContext {
  const request = { caller: caller(1n), signal: new AbortController().signal };
  return operationContext(world, request);
}

async function run(world: ServiceContext, document: DocumentNode): Promise<ExecutionResult> {
  const result = await executeOperation({ schema, document, contextValue: contextIn(world) });
  return JSON.parse(JSON.stringify(result)) as ExecutionResult;
}

/** Adds a folder after the file system clock has ticked: before that, its timestamp equals that of the last change. */
async function add(place: string): Promise<void> {
  const probe = `${scratchFolder()}/probe`;
  const now = (): number => {
    writeFileSync(probe, '');
    return statSync(probe).mtimeMs;
  };
  const last = now();
  await until(() => now() > last);
  mkdirSync(`${folder}/${place}`, { recursive: true });
}

describe('the lists of virtual processors', () => {
  it('are read only for the partitions of an operation, however many there are', async () => {
    const world = service(0);
    const first = await run(world, oneCounter);
    expect(first.errors).toBeUndefined();
    asked = [];
    expect(await run(world, oneCounter)).toEqual(first);
    expect(asked).toEqual(['partition/5/vp']);
    await run(world, logicalProcessors);
    asked = [];
    await run(world, logicalProcessors);
    expect(asked).toEqual([]);
    await run(world, ofAll);
    asked = [];
    await run(world, ofAll);
    expect(new Set(asked).size).toBeGreaterThan(40);
  });

  it('are read again by each operation that needs them, even after others that do not', async () => {
    const world = service(0);
    const questions = [oneCounter, ofFive, ofRoot, ofAll, total];
    for (const question of questions) await run(world, question);
    await add('partition/1/vp/9');
    // This operation does not list them, and must not hide them from others.
    await run(world, oneCounter);
    expect(JSON.stringify(await run(world, ofFive))).not.toContain('"index":9');
    expect(JSON.stringify(await run(world, ofRoot))).toContain('"index":9');
    await add('partition/139/vp/8');
    await run(world, oneCounter);
    expect(JSON.stringify(await run(world, ofAll))).toContain('"index":8');
    await add('partition/138/vp/7');
    await run(world, oneCounter);
    // A new operation: the lists that it needs are not known yet.
    expect(JSON.stringify(await run(world, processorsOf(138)))).toContain('"index":7');
    await add('partition/5/vp/6');
    expect(JSON.stringify(await run(world, ofFive))).toContain('"index":6');
    await add('partition/200/vp/0');
    expect((await run(world, processorsOf(200))).errors).toBeUndefined();
    expect(JSON.stringify(await run(world, ofAll))).toContain('"200"');
  });

  it('are read if a shared snapshot was taken without them', async () => {
    const clock = new ManualClock();
    const world = service(1_000, clock);
    for (const question of [oneCounter, ofRoot]) await run(world, question);
    clock.advance(1_001);
    await run(world, oneCounter);
    await add('partition/1/vp/9');
    asked = [];
    expect(JSON.stringify(await run(world, ofRoot))).toContain('"index":9');
    expect(asked).toContain('partition/1/vp');
    // All lists that it needs have been read by then.
    asked = [];
    await run(world, logicalProcessors);
    await run(world, ofRoot);
    expect(asked).toEqual([]);
  });

  it('are read for an operation right after one that needed none of them', async () => {
    const world = service(10_000);
    const scheduler = world.sampler.scheduler(60_000);
    const watching = (id: bigint): Watcher => ({
      lists: new Set([id]),
      requests: () => Promise.resolve([]),
      offered: () => undefined,
    });
    const [before, one, late] = [watching(9n), watching(5n), watching(139n)];
    for (const watcher of [before, one, late]) scheduler.add(watcher);
    await scheduler.firstTick(before);
    await add('partition/139/vp/8');
    // Each needs only its own lists in addition to what was read.
    const { topology: forOne } = await scheduler.firstTick(one);
    const { topology: forLate } = await scheduler.firstTick(late);
    for (const watcher of [before, one, late]) scheduler.remove(watcher);
    expect(forOne).not.toBeInstanceOf(HvqlError);
    expect((forLate as Topology).partition(139n)?.virtualProcessors).toEqual([0, 8]);
  });

  it('are read by a tick only for its subscriptions, starting with their first tick', async () => {
    const world = service(0);
    const live = new LiveOperations(world);
    const events = async (document: DocumentNode) => {
      const stream = await live.subscribe({ schema, document, contextValue: contextIn(world) });
      if (!('next' in stream)) throw new Error(JSON.stringify(stream));
      return stream;
    };
    const one = await events(
      parse('subscription { partition(id: 5, every: "100ms") { virtualProcessor(index: 0) { index } } }'),
    );
    await one.next();
    await one.next();
    asked = [];
    await one.next();
    expect(new Set(asked)).toEqual(new Set(['partition/5/vp']));
    const root = await events(
      parse('subscription { partition(id: 1, every: "100ms") { virtualProcessors { index } } }'),
    );
    await root.next();
    await add('partition/1/vp/9');
    await root.next();
    expect(JSON.stringify(await root.next())).toContain('"index":9');
    await add('partition/139/vp/8');
    // No tick has listed it so far.
    const late = await events(
      parse('subscription { partition(id: 139, every: "100ms") { virtualProcessors { index } } }'),
    );
    expect(JSON.stringify(await late.next())).toContain('"index":8');
    for (const stream of [one, root, late]) await stream.return();
  });
});
