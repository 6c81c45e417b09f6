/** A storm from its start to its end: warm-up, rest, storm, rest; and what is to be said of it. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { answering, type Answering } from './as-before.ts';
import { readTrail, type TrailCounts } from './audit-trail.ts';
import { fillCaches } from './cache-filling.ts';
import { signCallers } from './callers.ts';
import { Random } from './random.ts';
import { makeChaos } from './chaos.ts';
import { expectations, outageKinds, type KindName } from './expectation.ts';
import { figuresAtRest, type Figures } from './figures.ts';
import { OutageService, type OutageFigures } from './outage/outage-service.ts';
import { makeOutages } from './outage/outages.ts';
import { PageWriter } from './page-writer.ts';
import { startStormedService, type StormedService } from './stormed-service.ts';
import { Tally } from './tally.ts';
import { runTraffic } from './traffic.ts';
import { Troubles } from './trouble.ts';

/** Codes that clients get while pages are broken or gone. A storm without them does the source no harm. */
export const troubleCodes = ['PAGE_MALFORMED', 'PAGE_UNAVAILABLE'] as const;

/** How long a short storm may last until clients have met broken pages, which takes minutes on a busy machine. */
const longestShortSeconds = 300;

/** The duration and the random seed. */
export interface StormOptions {
  /**
   * All of the traffic; the first tenth of it is the warm-up. On a busy machine it lasts up to three times as long, until
   * every trouble code was answered.
   */
  readonly seconds: number;
  readonly seed: number;
  /** The warm-up lasts until there were this many attempts, for three times as long at the most: machines may be busy. */
  readonly warmAttempts: number;
  /** Whether it also lasts until each kind of traffic was there once. */
  readonly warmsEveryKind: boolean;
  readonly troubleMilliseconds: number;
  readonly calmMilliseconds: number;
  /** Before anything is measured. */
  readonly quietMilliseconds: number;
  /** Whether memory and the time of a question are to be compared: fills the caches first, and asks many times. */
  readonly measuresMemoryAndTime: boolean;
  /** Whether the service answers repeated requests without Yoga. */
  readonly hotPath: 'on' | 'off';
  /** Whether there is a service with workers as well, of which everything around it fails in turn. */
  readonly hasOutages: boolean;
  /** Called with the progress. */
  readonly say: (text: string) => void;
}

/** A service without clients, and how it responds. */
export interface Rest extends Figures, Answering {
  /** Of the process that speaks TLS. */
  readonly secure: Figures;
  /** Of the service that has outages. */
  readonly outage: OutageFigures | null;
}

/** The result of the service that has outages. */
export interface OutageReport {
  readonly outages: Troubles;
  readonly log: StormedService['log'];
  readonly trail: TrailCounts;
  readonly exitCode: number | null;
}

/** The result of a storm. */
export interface StormReport {
  readonly seconds: number;
  /** What came before the start was measured; judged, but not printed. */
  readonly warmUp: Tally;
  readonly tally: Tally;
  readonly troubles: Troubles;
  readonly before: Rest;
  readonly after: Rest;
  readonly log: StormedService['log'];
  /** Of the process that speaks TLS. */
  readonly secureLog: StormedService['log'];
  readonly trail: TrailCounts;
  readonly exitCode: number | null;
  readonly outage: OutageReport | null;
}

/** Runs it. Rejects where it could not be run to its end; leaves nothing behind. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const base = mkdtempSync(join(memoryFolder(), 'hvql-storm-'));
  const folder = join(base, 'pages');
  const writer = new PageWriter(folder);
  let service: StormedService | null = null;
  let outageService: OutageService | null = null;
  try {
    await writer.start(options.seed);
    service = await startStormedService(base, options.hotPath);
    if (options.hasOutages) outageService = await OutageService.start(base);
    return await stormOver({
      ...options,
      ...{ folder, writer, service, outageService },
      unspeakable: basename(base),
    });
  } finally {
    if (outageService?.isAlive === true) await outageService.stop('SIGKILL');
    await service?.kill();
    await writer.kill();
    rmSync(base, { recursive: true, force: true });
  }
}

interface Storm extends StormOptions {
  readonly folder: string;
  readonly writer: PageWriter;
  readonly service: StormedService;
  readonly outageService: OutageService | null;
  readonly unspeakable: string;
}

async function stormOver(storm: Storm): Promise<StormReport> {
  const { service, outageService, folder: pages, seconds, quietMilliseconds, say } = storm;
  const random = new Random(storm.seed);
  const callers = await signCallers(service.secret);
  const { port, guestSocket, secret, secure } = service;
  const unspeakable = [secret, storm.unspeakable];
  const ofOutages = { pages, outageService };
  const world = { port, guestSocket, securePort: secure.port, callers, random, unspeakable, ...ofOutages };
  const rest = async (): Promise<Rest> => {
    const filling = storm.measuresMemoryAndTime ? await fillCaches(world) : [];
    const [figures, ofSecure] = await Promise.all(
      [service, secure].map((process) => figuresAtRest(process, quietMilliseconds)),
    );
    if (figures === undefined || ofSecure === undefined) throw new TypeError('There are two processes');
    await outageService?.recovers();
    const outage = outageService?.figures() ?? null;
    const { problems, medianMilliseconds } = await answering(world, storm.measuresMemoryAndTime);
    return {
      ...figures,
      secure: ofSecure,
      outage,
      problems: [...filling, ...problems],
      medianMilliseconds,
    };
  };
  const troubles = new Troubles();
  const outages = new Troubles();
  const blow = async (tally: Tally, forSeconds: number, isEnough: () => boolean): Promise<number> => {
    const began = performance.now();
    const end = new AbortController();
    const timer = setInterval(() => {
      const past = (performance.now() - began) / 1_000;
      if (past >= (isEnough() ? forSeconds : Math.max(3 * forSeconds, longestShortSeconds))) end.abort();
    }, 100);
    const { moveWallClock } = service;
    const chaos = makeChaos(
      { ...storm, troubles, random: new Random(storm.seed + 1), moveWallClock },
      end.signal,
    );
    const withoutService =
      outageService === null
        ? Promise.resolve()
        : makeOutages({ ...storm, outageService, outages, random: new Random(storm.seed + 2) }, end.signal);
    try {
      // The first of them that fails ends the other as well.
      await Promise.all([
        chaos.finally(() => end.abort()),
        withoutService.catch((thrown: unknown) => {
          end.abort();
          throw thrown;
        }),
        runTraffic({ ...world, tally, troubles, outages }, end.signal).finally(() => end.abort()),
      ]);
    } finally {
      clearInterval(timer);
    }
    if (!service.isAlive || outageService?.isAlive === false) {
      const logs = [service.log, secure.log, ...(outageService === null ? [] : [outageService.log])];
      const complaints = logs.flatMap((log) => log.complaints);
      throw new Error(`The service has ended: ${complaints.join('\n')}`);
    }
    return (performance.now() - began) / 1_000;
  };

  say(`Warming up for ${(seconds / 10).toFixed(0)} s or longer\n`);
  const warmUp = new Tally();
  const kinds = kindsWith(outageService !== null);
  const hasSeenEnough = (): boolean =>
    warmUp.attempts >= storm.warmAttempts &&
    (!storm.warmsEveryKind || kinds.every((kind) => warmUp.kinds.has(kind)));
  await blow(warmUp, seconds / 10, hasSeenEnough);
  say('Measuring at rest\n');
  const before = await rest();
  say(`Storm for ${(seconds * 0.9).toFixed(0)} s\n`);
  const tally = new Tally();
  const stormSeconds = await blow(tally, seconds * 0.9, () =>
    troubleCodes.every((code) => tally.answersWith(code) > 0),
  );
  say('Measuring at rest\n');
  const after = await rest();
  const exitCode = await service.stop();
  const trail = await readTrail(service.auditTrail);
  const outage = outageService === null ? null : await endOf(outageService, outages);
  return {
    seconds: stormSeconds,
    warmUp,
    tally,
    troubles,
    before,
    after,
    log: service.log,
    secureLog: secure.log,
    trail,
    exitCode,
    outage,
  };
}

/** All kinds of traffic of a storm with or without outages. */
function kindsWith(hasOutages: boolean): readonly KindName[] {
  const kinds = Object.keys(expectations) as KindName[];
  return kinds.filter((kind) => hasOutages || !outageKinds.has(kind));
}

async function endOf(outageService: OutageService, outages: Troubles): Promise<OutageReport> {
  const exitCode = await outageService.stop();
  const trail = await readTrail(outageService.auditFile);
  return { outages, log: outageService.log, trail, exitCode };
}

/** Where pages are as a hypervisor has them, in memory, if there is such a place. */
function memoryFolder(): string {
  const shared = '/dev/shm';
  return statSync(shared, { throwIfNoEntry: false })?.isDirectory() === true ? shared : tmpdir();
}
