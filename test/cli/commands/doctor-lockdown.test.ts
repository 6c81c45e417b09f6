/** `hvql doctor` under kernel lockdown, which no test can turn on: opening the files fails as it does there. */
import type * as fs from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { examineLinux } from '../../../src/cli/commands/doctor/doctor-linux.ts';
import { putFile, scratchFolder } from '../../source/scratch.ts';

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof fs>();
  const readFileSync = (path: unknown, ...options: unknown[]): unknown => {
    if (/debug\/mshv\/.*stats$/.test(String(path)))
      throw Object.assign(new Error(`EPERM: operation not permitted, open '${String(path)}'`), {
        code: 'EPERM',
      });
    return Reflect.apply(original.readFileSync, original, [path, ...options]);
  };
  return { ...original, readFileSync };
});

describe('statistics that the kernel denies even to root', () => {
  it.each([
    ['none [integrity] confidentiality\n', 'integrity'],
    ['none integrity [confidentiality]\n', 'confidentiality'],
    [null, 'unknown'],
  ])('are reported as denied by lockdown if the lockdown file contains %j', (content, level) => {
    const root = scratchFolder();
    putFile(root, { place: 'proc/mounts', content: 'debugfs /sys/kernel/debug debugfs rw 0 0\n' });
    putFile(root, { place: 'sys/kernel/debug/mshv/stats', content: '' });
    putFile(root, { place: 'sys/kernel/debug/mshv/partition/1/stats', content: '' });
    if (content !== null) putFile(root, { place: 'sys/kernel/security/lockdown', content });
    const { findings, source } = examineLinux(root);
    expect(source).toBeNull();
    expect(findings.at(-1)).toEqual({
      isWell: false,
      text: '/sys/kernel/debug/mshv cannot be read: operation not permitted (EPERM).',
      remedy:
        `kernel lockdown (here: ${level}) keeps debugfs from root as well: ` +
        'start the kernel without lockdown=, and without Secure Boot where that turns it on',
    });
  });
});
