/** Outages of the service of outage-service.ts, one after another, each repaired, with pauses in between. */
import { isAlive } from '../../end-to-end/process-tree.ts';
import { pause } from '../kind.ts';
import type { Random } from '../random.ts';
import type { Troubles } from '../trouble.ts';
import type { OutageService } from './outage-service.ts';

/** The target of the outages, and their pace. */
export interface OutageOptions {
  readonly outageService: OutageService;
  readonly outages: Troubles;
  readonly random: Random;
  /** How long an outage lasts. */
  readonly troubleMilliseconds: number;
  readonly calmMilliseconds: number;
}

type Outage = (options: OutageOptions) => Promise<void>;

const never = new AbortController().signal;
/** A worker that does not answer is replaced after ten seconds; a busy machine may take longer to see it. */
const replacementLimitMilliseconds = 120_000;

/** Causes outages in turn until the signal; the last one is repaired by then. */
export async function makeOutages(options: OutageOptions, signal: AbortSignal): Promise<void> {
  const { outageService, outages, calmMilliseconds } = options;
  for (let turn = 0; ; turn += 1) {
    await pause(calmMilliseconds, signal);
    if (signal.aborted) return;
    const [name, make] = timetable[turn % timetable.length] ?? ['', async () => undefined];
    const recovering = await outages.during(name, async () => {
      await make(options);
      await outageService.recovers();
    });
    await pause(recovering, signal);
  }
}

const timetable: readonly (readonly [name: string, make: Outage])[] = [
  ['the key server away and back', keyServer(async () => undefined)],
  ['the disk of the audit trail full', fullDisk],
  ['a worker killed', killed],
  ['no descriptors left', noDescriptors],
  ['a worker stopped for a while', stopped],
  [
    'the key server away, and back with other keys',
    keyServer(({ outageService: { keys } }) => keys.rotate()),
  ],
  ['a worker stopped until it is replaced', stoppedForGood],
];

/** The names of all. */
export const outageNames: readonly string[] = timetable.map(([name]) => name);

/** With this done while the server is away. */
function keyServer(meanwhile: Outage): Outage {
  return async (options) => {
    const { outageService, troubleMilliseconds } = options;
    await outageService.keys.goAway();
    await pause(troubleMilliseconds, never);
    await meanwhile(options);
    // Tokens come that are signed with a key that cannot be fetched yet.
    await pause(troubleMilliseconds, never);
    await outageService.keys.comeBack();
  };
}

async function fullDisk({ outageService, troubleMilliseconds }: OutageOptions): Promise<void> {
  outageService.moveAuditTrail('/dev/full');
  await pause(troubleMilliseconds, never);
  outageService.moveAuditTrail(null);
}

async function noDescriptors(options: OutageOptions): Promise<void> {
  const { outageService, random, troubleMilliseconds } = options;
  const allow = outageService.limitDescriptors(random.whole(0, 3));
  await pause(troubleMilliseconds, never);
  allow();
}

async function killed({ outageService, random, troubleMilliseconds }: OutageOptions): Promise<void> {
  process.kill(random.one(outageService.workers), 'SIGKILL');
  await pause(troubleMilliseconds, never);
}

async function stopped({ outageService, random, troubleMilliseconds }: OutageOptions): Promise<void> {
  const pid = random.one(outageService.workers);
  process.kill(pid, 'SIGSTOP');
  await pause(troubleMilliseconds, never);
  // On a busy machine it may have been replaced meanwhile.
  if (isAlive(pid)) process.kill(pid, 'SIGCONT');
}

async function stoppedForGood({ outageService, random }: OutageOptions): Promise<void> {
  const pid = random.one(outageService.workers);
  process.kill(pid, 'SIGSTOP');
  for (const giveUpAt = performance.now() + replacementLimitMilliseconds; isAlive(pid);) {
    if (performance.now() > giveUpAt) throw new Error('A stopped worker was not replaced');
    await pause(200, never);
  }
}
