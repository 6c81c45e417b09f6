import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { openMshv } from '../../../src/source/mshv/mshv.ts';
import { parseNames } from '../../../src/source/mshv/partition-names.ts';
import { ManualClock } from '../manual-clock.ts';
import { fixture, scratchFolder } from '../scratch.ts';

const never = new AbortController().signal;

function open(path: string, warn?: (sentence: string) => void) {
  const world = { clock: new ManualClock(), names: path, ...(warn === undefined ? {} : { warn }) };
  const source = openMshv({ folder: fixture('mshv'), selfId: 1n }, world);
  return async (): Promise<unknown[]> =>
    (await source.topology(never)).partitions.map(({ id, parent, name }) => `${id} of ${parent}: ${name}`);
}

/** As editors and careful programs do it, so that no reader finds half a file. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe('names of partitions', () => {
  it('are read from a file, and again when it has changed', async () => {
    const path = join(scratchFolder(), 'names.json');
    replace(path, '{"self": "root", "4": "web-1", "99": "not here"}');
    const names = open(path);
    expect(await names()).toEqual(['1 of null: root', '2 of 1: null', '4 of 1: web-1']);
    replace(path, '{"2": "db-1"}');
    expect(await names()).toEqual(['1 of null: null', '2 of 1: db-1', '4 of 1: null']);
  });

  it('are read from a file with a byte order mark', async () => {
    const path = join(scratchFolder(), 'names.json');
    replace(path, '\ufeff{"4": "web-1"}');
    const names = open(path);
    expect(await names()).toContain('4 of 1: web-1');
    replace(path, '\ufeff{"4": "web-2"}');
    expect(await names()).toContain('4 of 1: web-2');
  });

  it('stay unchanged while the file is invalid or missing, which is logged once', async () => {
    const path = join(scratchFolder(), 'names.json');
    replace(path, '{"4": "web-1"}');
    const told: string[] = [];
    const names = open(path, (sentence) => told.push(sentence));
    replace(path, '{"4": 5}');
    for (let n = 0; n < 3; n++) expect(await names()).toContain('4 of 1: web-1');
    rmSync(path);
    for (let n = 0; n < 3; n++) expect(await names()).toContain('4 of 1: web-1');
    replace(path, '{"4": "web-2"}');
    expect(await names()).toContain('4 of 1: web-2');
    expect(told).toEqual([
      `${path}: 4 needs the name of a partition in a string, but is 5.`,
      `${path} with the names of partitions does not exist.`,
    ]);
  });

  it('must be valid at the start; all problems are reported together', () => {
    expect(() => parseNames('{"0": "a", "1": null, "x": 5}', { path: 'n.json', selfId: 1n })).toThrow(
      new UsageError([
        'n.json: "0" is no partition\'s id, a whole number from 1 on, nor "self".',
        'n.json: 1 needs the name of a partition in a string, but is null.',
        'n.json: "x" is no partition\'s id, a whole number from 1 on, nor "self".',
        'n.json: x needs the name of a partition in a string, but is 5.',
      ]),
    );
    const folder = scratchFolder();
    const world = { clock: new ManualClock(), names: join(folder, 'n.json') };
    const opening = (): unknown => openMshv({ folder: join(folder, 'none'), selfId: 1n }, world);
    expect(opening).toThrow(
      /is not there: mount debugfs[^]*n\.json with the names of partitions does not exist\./,
    );
    writeFileSync(world.names, '[]');
    expect(opening).toThrow(/n\.json needs a JSON object, but is \[\]\./);
  });
});
