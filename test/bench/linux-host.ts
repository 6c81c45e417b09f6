/** The cost of a snapshot of a whole Linux host, compared with `cat` of the same files. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/snapshot/moment.ts';
import { hypervisorName, type ObjectName } from '../../src/snapshot/object-name.ts';
import { namesOf } from '../../src/source/host-snapshot.ts';
import { openMshv } from '../../src/source/mshv/mshv.ts';
import { readWithoutWaiting } from '../../src/source/page-folder/file-system.ts';
import { SecondReader } from '../../src/source/mshv/second-reader.ts';
import { statsPlace } from '../../src/source/mshv/stats-file.ts';
import type { HostSize } from './workload.ts';

/** The host of the workload L. */
const wholeHost: HostSize = { logicalProcessors: 64, partitions: 128, virtualProcessors: 8 };
const fixture = fileURLToPath(new URL('../fixtures/mshv/', import.meta.url));
const never = new AbortController().signal;
/** A host is read once a second: what others have begun, a thread that collects garbage, has ended by then. */
const restMilliseconds = 20;

interface Contender {
  readonly name: string;
  /** One round; resolves with nothing of interest. */
  readonly run: () => unknown;
  readonly milliseconds: number[];
}

/** The table: medians of alternating rounds, and ratios to `cat`. */
export async function linuxHostText({
  rounds,
  tell,
}: {
  rounds: number;
  tell: (what: string) => void;
}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-bench-linux-'));
  try {
    const places = writeTree(folder, wholeHost);
    const source = openMshv({ folder, selfId: 1n }, { clock: systemClock });
    // As in debugfs, of which this machine has no such folder: files stay open, since they stay what they are.
    const second = new SecondReader({ areKept: true });
    const debugfs = openMshv({ folder, selfId: 1n }, { clock: systemClock, areKept: true, second });
    const one: ObjectName = { object: 'VIRTUAL_PROCESSOR', partitionId: 64n, index: 3 };
    const contenders: Contender[] = [
      {
        name: 'cat of all files (a process of its own)',
        run: () => spawnSync('cat', places, { cwd: folder, stdio: 'ignore' }),
        milliseconds: [],
      },
      {
        name: 'cat of nothing (what the process costs)',
        run: () => spawnSync('cat', ['/dev/null'], { stdio: 'ignore' }),
        milliseconds: [],
      },
      {
        name: 'open, read and close of all files, no more',
        run: () => places.forEach((place) => readOnly(`${folder}/${place}`)),
        milliseconds: [],
      },
      {
        name: 'hvql: what exists, and a reading of everything',
        run: async () => source.read(namesOf(await source.topology(never)), never),
        milliseconds: [],
      },
      {
        name: 'hvql: a reading of everything',
        run: async () => source.read(await everything, never),
        milliseconds: [],
      },
      {
        name: 'hvql in debugfs: what exists, and everything',
        run: async () => debugfs.read(namesOf(await debugfs.topology(never)), never),
        milliseconds: [],
      },
      {
        name: 'hvql in debugfs: a reading of everything',
        run: async () => debugfs.read(await everything, never),
        milliseconds: [],
      },
      {
        name: 'hvql: what exists',
        run: () => source.topology(never),
        milliseconds: [],
      },
      {
        name: 'hvql: a reading of one virtual processor',
        run: () => source.read([one], never),
        milliseconds: [],
      },
    ];
    const everything = source.topology(never).then(namesOf);
    tell(`${places.length} files, ${rounds} rounds.`);
    for (let round = -2; round < rounds; round++) {
      for (const { run, milliseconds } of inOrderOf(round, contenders)) {
        // After itself, not after one of the others: a host is looked at again and again, with time in between.
        await run();
        await setTimeout(restMilliseconds);
        const start = performance.now();
        await run();
        // The first two rounds warm up.
        if (round >= 0) milliseconds.push(performance.now() - start);
      }
    }
    return table(
      contenders,
      `${places.length} files: 64 logical processors, 128 partitions × 8 virtual processors.`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The least that reading a file takes in Node: three system calls, into bytes that are there already. */
function readOnly(path: string): void {
  const descriptor = openSync(path, readWithoutWaiting);
  readSync(descriptor, bytes, 0, bytes.byteLength, 0);
  closeSync(descriptor);
}
const bytes = Buffer.alloc(64 * 1024);

/**
 * In another order each round: what one of them leaves behind, such as garbage to collect, is not always the same one's
 * to bear.
 */
function inOrderOf(round: number, contenders: readonly Contender[]): readonly Contender[] {
  const first = Math.abs(round) % contenders.length;
  const turned = [...contenders.slice(first), ...contenders.slice(0, first)];
  return round % 2 === 0 ? turned : turned.toReversed();
}

function table(contenders: readonly Contender[], title: string): string {
  const rows = contenders.map(({ name, milliseconds }) => {
    const sorted = milliseconds.toSorted((a, b) => a - b);
    return { name, median: sorted[Math.floor(sorted.length / 2)] ?? 0, least: sorted[0] ?? 0 };
  });
  const cat = rows[0]?.median ?? 1;
  return [
    title,
    '',
    `${''.padEnd(50)}${'median'.padStart(11)}${'least'.padStart(11)}${'to cat'.padStart(9)}`,
    ...rows.map(
      ({ name, median, least }) =>
        `${name.padEnd(50)}${median.toFixed(2).padStart(8)} ms${least.toFixed(2).padStart(8)} ms${(median / cat).toFixed(2).padStart(9)}`,
    ),
    '',
  ].join('\n');
}

/** A tree as the driver prints it, with names of the fixture and numbers of all lengths. */
function writeTree(folder: string, { logicalProcessors, partitions, virtualProcessors }: HostSize): string[] {
  const places: string[] = [];
  const put = (name: ObjectName, template: string): void => {
    const place = statsPlace(name);
    mkdirSync(dirname(join(folder, place)), { recursive: true });
    writeFileSync(join(folder, place), renumbered(template, places.length));
    places.push(place);
  };
  const [hypervisor, processor, partition, virtual] = ['', 'lp/0/', 'partition/2/', 'partition/2/vp/0/'].map(
    (place) => readFileSync(`${fixture}${place}stats`, 'latin1'),
  ) as [string, string, string, string];
  put(hypervisorName, hypervisor);
  for (let index = 0; index < logicalProcessors; index++)
    put({ object: 'LOGICAL_PROCESSOR', index }, processor);
  for (let id = 1n; id <= partitions; id++) {
    put({ object: 'PARTITION', partitionId: id }, partition);
    for (let index = 0; index < virtualProcessors; index++) {
      put({ object: 'VIRTUAL_PROCESSOR', partitionId: id, index }, virtual);
    }
  }
  return places;
}

/** Most counters are small or nothing, times have up to 16 digits. */
function renumbered(template: string, seed: number): string {
  let line = seed;
  return template.replaceAll(/\d+$/gm, () => {
    line++;
    return line % 3 === 0 ? '0' : String((line * 7919 * 10 ** (line % 12)) % 10 ** 16);
  });
}
