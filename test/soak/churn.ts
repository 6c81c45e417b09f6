/**
 * Thousands of clients that come and go in every way, with the service in this very process: what keeps it busy, what
 * is listened to and what memory holds must be afterwards what it was before.
 *
 * Run as `node --expose-gc --no-opt --import tsx churn.ts <visits>`: only a process that collects its garbage
 * on demand can say what is left, and V8's notes on code that it optimizes grow for as long as there is work.
 */
import { leftBehind, type Leftovers } from './leftovers.ts';
import { fillHeldReadings, startServiceHere } from './service-here.ts';
import { table } from './table.ts';
import { visitNames } from './visit.ts';
import { runVisits, shutDownUnderVisits } from './visiting.ts';

/** One in this many visits falls into the end of a service; each of these ends sees as many visits. */
const shutdownPart = 10;
const visitsPerShutdown = 50;
/** Before anything is compared: all code has run by then, and what is made once has been made. */
const warmingVisits = 400;
/**
 * How full the memory of held readings is goes up and down by 1 MB. 5,000 sockets left behind, or what belongs to
 * them, would be several times this.
 */
const toleratedBytes = 2_500_000;
const timeLimitMilliseconds = 300_000;

const visits = Number(process.argv[2] ?? 5_000);
const limit = setTimeout(() => {
  process.stdout.write('This takes too long.\n');
  process.exit(1);
}, timeLimitMilliseconds);
// It counts neither as busy nor as leaked.
limit.unref();

const began = performance.now();
const warming = await startServiceHere();
await runVisits(warming, warmingVisits);
await warming.close();
await shutDownUnderVisits(visitsPerShutdown);
const atStart = await leftBehind();

const service = await startServiceHere();
await runVisits(service, warmingVisits);
await fillHeldReadings(service);
const idle = await leftBehind();
const shutdownVisits = Math.floor(visits / shutdownPart);
await runVisits(service, visits - shutdownVisits);
const afterVisits = await leftBehind();
await service.close();
for (let done = 0; done < shutdownVisits; done += visitsPerShutdown) {
  await shutDownUnderVisits(Math.min(visitsPerShutdown, shutdownVisits - done));
}
const atEnd = await leftBehind();

print({
  'before any service': atStart,
  'a service, unwatched': idle,
  [`after ${visits - shutdownVisits} visits`]: afterVisits,
  [`after ${shutdownVisits} in shutdowns`]: atEnd,
});
const seconds = ((performance.now() - began) / 1000).toFixed(0);
process.stdout.write(`\n${visits} visits of ${visitNames.length} sorts in ${seconds} s.\n`);
const complaints = [...compare(idle, afterVisits), ...compare(atStart, atEnd)];
for (const complaint of complaints) process.stdout.write(`${complaint}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;

function print(columns: Readonly<Record<string, Leftovers>>): void {
  const row = (name: string, value: (leftovers: Leftovers) => string | number): (string | number)[] => [
    name,
    ...Object.values(columns).map(value),
  ];
  const text = table([
    ['', ...Object.keys(columns)],
    row('timers', ({ timers }) => timers),
    row('sockets', ({ sockets }) => sockets),
    row('servers', ({ servers }) => servers),
    row('other resources', ({ others }) => others.join(' ') || 'none'),
    row('listeners of the process', ({ listeners }) => listeners),
    row('heap after collection, KB', ({ heapBytes }) => Math.round(heapBytes / 1024)),
    row('buffers, KB', ({ bufferBytes }) => Math.round(bufferBytes / 1024)),
  ]);
  process.stdout.write(`${text}\n`);
}

function compare(before: Leftovers, after: Leftovers): string[] {
  const complaints: string[] = [];
  for (const what of ['timers', 'sockets', 'servers', 'listeners'] as const) {
    if (after[what] !== before[what])
      complaints.push(`There were ${before[what]} ${what}, and now ${after[what]}.`);
  }
  if (after.others.join() !== before.others.join()) {
    complaints.push(`There were ${before.others.join(' ')}, and now ${after.others.join(' ')}.`);
  }
  const grown = after.heapBytes + after.bufferBytes - before.heapBytes - before.bufferBytes;
  if (grown > toleratedBytes) complaints.push(`Memory has grown by ${Math.round(grown / 1024)} KB.`);
  return complaints;
}
