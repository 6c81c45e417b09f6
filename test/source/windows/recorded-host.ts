/** A Windows host that plays recorded lines, for the test that is running. */
import { copyFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fixture, scratchFolder } from '../scratch.ts';

/** What is recorded: two releases, and a host whose percentages have another clock than its samples. */
export type Release = '2019' | '23h2' | 'own-clock';

/** All properties of a class, as the recording has them. */
interface RecordedTable {
  readonly properties: string[];
  readonly instances: string[][];
}

const standIn = fileURLToPath(new URL('stand-in.mjs', import.meta.url));
const prefix = 'Win32_PerfRawData_HvStats_HyperVHypervisor';

export class RecordedHost {
  readonly folder: string;
  /** The program to start in place of powershell.exe. */
  readonly executable: string;

  /** `folder`: an empty one, where the host is to outlive the test that is running. */
  constructor(release: Release = '2019', folder = scratchFolder()) {
    this.folder = folder;
    this.executable = `${folder}/powershell.exe`;
    symlinkSync(standIn, this.executable);
    copyFileSync(fixture(`windows/${release}.jsonl`), `${this.folder}/recorded.jsonl`);
    this.behave('answer');
    this.play(0);
    this.miss();
  }

  /** How it responds from now on: a name of stand-in.mjs. */
  behave(behaviour: string): void {
    writeFileSync(`${this.folder}/behaviour`, behaviour);
  }

  /** Lets the pending response of "whenTold" be sent. */
  tell(): void {
    writeFileSync(`${this.folder}/go`, '');
  }

  /** Advances to a line of the recording. */
  play(frame: number): void {
    writeFileSync(`${this.folder}/frame`, String(frame));
  }

  /** Changes the recording, before the program is started. */
  rewrite(change: (text: string) => string): void {
    const path = `${this.folder}/recorded.jsonl`;
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  }

  /** Classes that this Windows does not have, without their common start. */
  miss(...classes: readonly string[]): void {
    writeFileSync(`${this.folder}/missing`, classes.map((name) => prefix + name).join('\n'));
  }

  /** The processes that have been started, with their flags. */
  starts(): { readonly pid: number; readonly flags: string }[] {
    return this.#lines('starts').map((line) => {
      const [pid = '', ...flags] = line.split(' ');
      return { pid: Number(pid), flags: flags.join(' ') };
    });
  }

  /** The requests it received, with class names without their common prefix. */
  questions(): Record<string, string[]>[] {
    return this.#lines('questions').map((line) => {
      const { classes } = JSON.parse(line) as { classes: Record<string, string[]> };
      return Object.fromEntries(
        Object.entries(classes).map(([name, wanted]) => [name.slice(prefix.length), wanted]),
      );
    });
  }

  /** A number of the recording; `nth` of the instances with that name. */
  recorded(
    frame: number,
    [className, instance, property, nth = 0]: [string, string, string, number?],
  ): bigint {
    const line = this.#lines('recorded.jsonl')[frame] ?? '';
    const { classes } = JSON.parse(line) as { classes: Record<string, RecordedTable> };
    const { properties, instances } = classes[prefix + className] as RecordedTable;
    const rows = instances.filter((row) => row[properties.indexOf('Name')] === instance);
    return BigInt(rows[nth]?.[properties.indexOf(property)] ?? 'not recorded');
  }

  /** The properties of a class in the release. */
  properties(className: string): ReadonlySet<string> {
    const { classes } = JSON.parse(this.#lines('recorded.jsonl')[0] ?? '') as {
      classes: Record<string, RecordedTable>;
    };
    return new Set(classes[prefix + className]?.properties);
  }

  #lines(name: string): string[] {
    const path = `${this.folder}/${name}`;
    // What has no end yet is still being written.
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  }
}

/** Whether a process exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
