/** `hvql doctor`: prints what hvql can read on this machine, what is missing, and how to start. */
import { examineLinux } from './doctor-linux.ts';
import type { Diagnosis, DoctorContext, Finding } from './diagnosis.ts';
import { examineWindows } from './doctor-windows.ts';
import { printable } from '../../format.ts';

/** Prints what it finds. Exit code 0 if a source of a real hypervisor can be read, 1 otherwise. */
export async function doctor(context: DoctorContext): Promise<number> {
  const { findings, source } = await examine(context);
  const isWell = source !== null;
  context.stdout.write(
    [
      `This machine (${context.platform}):`,
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

async function examine(context: DoctorContext): Promise<Diagnosis> {
  if (context.platform === 'win32') return examineWindows(context);
  if (context.platform === 'linux') return examineLinux(context.root);
  const text = 'Statistics can be read on Linux and on Windows, where these are the root partition.';
  return { findings: [{ isWell: false, text }], source: null };
}

function linesOf({ isWell, text, remedy }: Finding): string[] {
  const lines = [`  ${isWell ? 'ok' : 'no'}  ${printable(text)}`];
  if (remedy !== undefined) lines.push(`      → ${printable(remedy)}`);
  return lines;
}

/** Quoted for a shell where necessary. */
function quoted(source: string): string {
  return /^[\w:/.-]+$/.test(source) ? source : `'${source}'`;
}
