/** `hvql doctor`: says what this machine has that hvql can read, what is missing, and how to start. */
import { examineLinux } from './doctor-linux.ts';
import type { Diagnosis, DoctorContext, Finding } from './diagnosis.ts';
import { examineWindows } from './doctor-windows.ts';
import { printable } from '../format.ts';

/** Prints what it finds. Exit code 0 where a source of a real hypervisor can be read, 1 otherwise. */
export async function doctor(world: DoctorContext): Promise<number> {
  const { findings, source } = await examine(world);
  const isWell = source !== null;
  world.stdout.write(
    [
      `This machine (${world.platform}):`,
      ...findings.flatMap(linesOf),
      '',
      isWell
        ? 'Its statistics can be read. Start the service with:'
        : 'There are no statistics to be read here. To try hvql out with a simulated machine:',
      `  hvql serve --source ${quoted(source ?? 'simulator')}`,
      '',
    ].join('\n'),
  );
  return isWell ? 0 : 1;
}

async function examine(world: DoctorContext): Promise<Diagnosis> {
  if (world.platform === 'win32') return examineWindows(world);
  if (world.platform === 'linux') return examineLinux(world.root);
  const text = 'Statistics can be read on Linux and on Windows, where these are the root partition.';
  return { findings: [{ isWell: false, text }], source: null };
}

function linesOf({ isWell, text, remedy }: Finding): string[] {
  const lines = [`  ${isWell ? 'ok' : 'no'}  ${printable(text)}`];
  if (remedy !== undefined) lines.push(`      → ${printable(remedy)}`);
  return lines;
}

/** As a shell takes it. */
function quoted(source: string): string {
  return /^[\w:/.-]+$/.test(source) ? source : `'${source}'`;
}
