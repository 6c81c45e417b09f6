import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openAuditFile } from '../../../src/cli/commands/audit-file.ts';
import { AuditRotation } from '../../../src/cli/commands/audit-rotation.ts';
import { UsageError } from '../../../src/errors.ts';
import { readableLog } from '../../server/test-service.ts';
import { until } from '../../until.ts';
import { scratchFolder } from '../../source/scratch.ts';

const text = (path: string): string => readFileSync(path, 'utf8');

/** A trail, and what the log says of it: level and message. */
function openTrail(path: string) {
  const { log, lines } = readableLog();
  const file = openAuditFile(path, log);
  const said = (): [number, string][] =>
    lines.map((line) => {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      return [level, msg];
    });
  return { ...file, dropped: () => file.dropped, lines, said };
}

/** A named pipe, and a reader that reads what is there on request. */
function openPipe(folder: string) {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const bytes = Buffer.alloc(65_536);
  let descriptor: number | null = null;
  const close = (): void => {
    if (descriptor !== null) closeSync(descriptor);
    descriptor = null;
  };
  onTestFinished(close);
  return {
    path,
    open: () => (descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)),
    close,
    /** The content; '' without any. */
    read: (): string => {
      try {
        return bytes.toString('utf8', 0, readSync(descriptor ?? -1, bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
        throw error;
      }
    },
  };
}

describe('an audit file', () => {
  it('is readable by its owner only, and contains each line as soon as it is written', async () => {
    const path = join(scratchFolder(), 'audit');
    const trail = openTrail(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    trail.write('one\n');
    expect(text(path)).toBe('one\n');
    trail.write('two\n');
    expect(text(path)).toBe('one\ntwo\n');
    await trail.close();
    expect(trail.said()).toEqual([]);
  });

  it('is appended to if it exists, and keeps its content and mode', async () => {
    const path = join(scratchFolder(), 'audit');
    writeFileSync(path, 'before\n', { mode: 0o640 });
    const trail = openTrail(path);
    trail.write('one\n');
    await trail.close();
    expect(text(path)).toBe('before\none\n');
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    ['in no folder', () => undefined, /^--audit .*\/there cannot be written: no such file or directory/],
    ['that is a folder', (folder) => mkdirSync(join(folder, 'no/there'), { recursive: true }), /directory/],
    [
      'that is a pipe without a reader',
      (folder) => {
        mkdirSync(join(folder, 'no'));
        execFileSync('mkfifo', [join(folder, 'no/there')]);
      },
      /\(ENXIO\)\.$/,
    ],
  ])('%s is refused with a clear message', (_what, prepare, message) => {
    const folder = scratchFolder();
    prepare(folder);
    const open = (): unknown => openTrail(join(folder, 'no/there'));
    expect(open).toThrow(UsageError);
    expect(open).toThrow(message);
  });

  it('is reopened after it was moved', async () => {
    const path = join(scratchFolder(), 'audit');
    const trail = openTrail(path);
    trail.write('one\n');
    renameSync(path, `${path}.1`);
    trail.write('two\n');
    trail.reopen();
    trail.write('three\n');
    expect([text(`${path}.1`), text(path)]).toEqual(['one\ntwo\n', 'three\n']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await trail.close();
    expect(trail.said()).toEqual([[30, 'the audit trail was reopened']]);
  });

  it('stays open if it cannot be reopened, and is reopened once that is possible', async () => {
    const folder = join(scratchFolder(), 'logs');
    mkdirSync(folder);
    const path = join(folder, 'audit');
    const trail = openTrail(path);
    renameSync(folder, `${folder}.1`);
    for (let n = 0; n < 3; n += 1) trail.reopen();
    trail.write('one\n');
    expect(text(`${folder}.1/audit`)).toBe('one\n');
    mkdirSync(folder);
    trail.reopen();
    trail.write('two\n');
    expect(text(path)).toBe('two\n');
    await trail.close();
    expect(trail.said()).toEqual([
      ...Array.from({ length: 3 }, () => [50, 'the audit trail cannot be reopened']),
      [30, 'the audit trail was reopened'],
    ]);
  });

  it.skipIf(!existsSync('/dev/full'))('reports a full disk once', async () => {
    const trail = openTrail('/dev/full');
    for (let n = 0; n < 20_000; n += 1) trail.write(`${n} ${'x'.repeat(100)}\n`);
    expect(trail.said()).toEqual([[50, 'the audit trail cannot be written']]);
    expect(trail.lines[0]).toContain('ENOSPC');
    await trail.close();
    expect(trail.said().slice(1)).toEqual([[50, 'the end of the audit trail could not be written']]);
  });
});

describe('an audit pipe', () => {
  it('loses nothing and logs nothing while it is full for a short time', async () => {
    const pipe = openPipe(scratchFolder());
    pipe.open();
    const trail = openTrail(pipe.path);
    const lines = Array.from({ length: 100 }, (_, n) => `${n} ${'x'.repeat(5_000)}\n`);
    for (const line of lines) trail.write(line);
    let read = '';
    await until(() => (read += pipe.read()).length >= lines.join('').length);
    expect(read).toBe(lines.join(''));
    await trail.close();
    expect(trail.said()).toEqual([]);
  });

  it('without a reader buffers a bounded number of lines, drops whole lines beyond that, and logs how many', async () => {
    const pipe = openPipe(scratchFolder());
    pipe.open();
    const trail = openTrail(pipe.path);
    const count = 1_000;
    for (let n = 0; n < count; n += 1) trail.write(`${n} ${'x'.repeat(5_000)}\n`);
    expect(trail.said()).toEqual([[50, 'the audit trail cannot be written']]);
    let read = '';
    await until(() => {
      read += pipe.read();
      return trail.said().length === 2;
    });
    read += pipe.read();
    trail.write('after\n');
    read += pipe.read();
    const whole = read.split('\n');
    expect(whole.splice(-2)).toEqual(['after', '']);
    expect(whole.filter((line) => !/^\d+ x{5000}$/.test(line))).toEqual([]);
    expect(whole.map((line) => Number.parseInt(line, 10))).toEqual(whole.map((_, n) => n));
    expect(whole.length).toBeGreaterThan(200);
    expect(whole.length).toBeLessThan(230);
    expect(trail.said()[1]).toEqual([40, 'the audit trail can be written again']);
    expect(JSON.parse(String(trail.lines[1]))).toMatchObject({ lost: count - whole.length });
    expect(trail.dropped()).toBe(count - whole.length);
    trail.reopen();
    expect(trail.dropped()).toBe(count - whole.length);
    await trail.close();
  });

  it('is written again when a new reader replaces one that left', async () => {
    const pipe = openPipe(scratchFolder());
    pipe.open();
    const trail = openTrail(pipe.path);
    pipe.close();
    trail.write('one\n');
    trail.write('two\n');
    expect(trail.said()).toEqual([[50, 'the audit trail cannot be written']]);
    pipe.open();
    await until(() => trail.said().length === 2);
    expect(pipe.read()).toBe('one\ntwo\n');
    await trail.close();
    rmSync(pipe.path);
  });
});

describe('an audit file with a maximum size', () => {
  it('is renamed once it is too large, and every process that writes to it opens the new file', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'audit');
    const { log, lines } = readableLog();
    const [one, two] = [openAuditFile(path, log), openAuditFile(path, log)];
    const rotations = [
      new AuditRotation(path, { size: 100, audit: one, log }),
      new AuditRotation(path, { size: null, audit: two, log }),
    ];
    const written: string[] = [];
    for (let n = 0; n < 60; n += 1) {
      const line = `${String(n).padStart(3, '0')} ${'x'.repeat(20)}\n`;
      written.push(line);
      (n % 2 === 0 ? one : two).write(line);
      for (const rotation of rotations) await rotation.check();
    }
    for (const rotation of rotations) rotation.close();
    await Promise.all([one.close(), two.close()]);
    const names = readdirSync(folder).sort();
    // Nine are kept; older ones are removed.
    expect(names).toEqual(['audit', ...Array.from({ length: 9 }, (_, n) => `audit.${n + 1}`)].sort());
    const kept = [...Array.from({ length: 9 }, (_, n) => `audit.${9 - n}`), 'audit'].map((name) =>
      text(join(folder, name)),
    );
    expect(written.join('').endsWith(kept.join(''))).toBe(true);
    for (const each of kept) expect(each.length).toBeLessThan(150);
    expect(lines.filter((line) => line.includes('rotated')).length).toBeGreaterThanOrEqual(9);
  });

  it('stays in place if it cannot be renamed, which is logged once', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'audit');
    mkdirSync(`${path}.8`);
    writeFileSync(join(`${path}.8`, 'x'), '');
    mkdirSync(`${path}.9`);
    writeFileSync(join(`${path}.9`, 'x'), '');
    const { log, lines } = readableLog();
    const file = openAuditFile(path, log);
    const rotation = new AuditRotation(path, { size: 1, audit: file, log });
    file.write('kept\n');
    for (let n = 0; n < 3; n += 1) await rotation.check();
    rotation.close();
    await file.close();
    expect(text(path)).toBe('kept\n');
    expect(lines.filter((line) => line.includes('cannot be rotated'))).toHaveLength(1);
  });
});
