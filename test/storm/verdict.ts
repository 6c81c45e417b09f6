/** Whether a storm has ended as required. */
import { expectations, outageKinds, type KindName } from './expectation.ts';
import type { Figures } from './figures.ts';
import { outageNames } from './outage/outages.ts';
import { troubleCodes, type OutageReport, type StormReport } from './storm-run.ts';

/** Requirements besides the codes; null for none. */
export interface Demands {
  /** How much memory may grow, as a part of what it was. */
  readonly memoryPart: number | null;
  /** The factor by which a query may become slower. */
  readonly latencyRatio: number | null;
  /** Whether every kind of traffic must have been tried. */
  readonly isThorough: boolean;
}

/** Everything that is not as required; empty if all is well. */
export function problemsOf(
  report: StormReport,
  { memoryPart, latencyRatio, isThorough }: Demands,
): readonly string[] {
  const { warmUp, tally, trail, before, after, log, secureLog, exitCode } = report;
  const problems: string[] = [];
  for (const { unexpected, examples } of [warmUp, tally]) {
    if (unexpected > 0) problems.push(`${unexpected} answers were unexpected.`, ...examples);
  }
  for (const name of Object.keys(expectations) as KindName[]) {
    if (report.outage === null && outageKinds.has(name)) continue;
    if (isThorough && (tally.kinds.get(name)?.attempts ?? 0) === 0) problems.push(`${name} was never tried.`);
  }
  // A storm that does no harm to the source proves nothing.
  for (const code of troubleCodes) {
    if (tally.answersWith(code) === 0) problems.push(`${code} was never answered.`);
  }
  for (const line of [...log.complaints, ...secureLog.complaints])
    problems.push(`The service complained: ${line}`);
  if (trail.malformed > 0) problems.push(`${trail.malformed} lines of the audit trail are malformed.`);
  if (trail.opened !== trail.closed)
    problems.push(`${trail.opened} streams were opened, and ${trail.closed} closed.`);
  if (trail.denied === 0) problems.push('The audit trail tells of no denied read.');
  for (const problem of before.problems) problems.push(`Before: ${problem}`);
  for (const problem of after.problems) problems.push(`After: ${problem}`);
  const ofSecure = (problem: string): string => `The process that speaks TLS: ${problem}`;
  problems.push(...leftBehind(before, after), ...leftBehind(before.secure, after.secure).map(ofSecure));
  if (memoryPart !== null) {
    problems.push(...grown(before, after, memoryPart));
    problems.push(...grown(before.secure, after.secure, memoryPart).map(ofSecure));
  }
  const ratio = after.medianMilliseconds / before.medianMilliseconds;
  if (latencyRatio !== null && !(ratio <= latencyRatio))
    problems.push(`A question takes ${ratio.toFixed(2)} times as long as before.`);
  if (exitCode !== 0) problems.push(`The service exited with ${exitCode}.`);
  if (report.outage !== null) problems.push(...ofOutages(report.outage, report, { memoryPart, isThorough }));
  return problems;
}

function ofOutages(
  { outages, log, trail, exitCode }: OutageReport,
  { before, after }: StormReport,
  { memoryPart, isThorough }: Pick<Demands, 'memoryPart' | 'isThorough'>,
): string[] {
  const problems: string[] = [];
  for (const name of outageNames)
    if (isThorough && !outages.counts.has(name)) problems.push(`There was no outage "${name}".`);
  for (const line of log.complaints) problems.push(`The service with outages complained: ${line}`);
  if (trail.malformed > 0) problems.push(`Of its audit trail, ${trail.malformed} lines are malformed.`);
  if (exitCode !== 0) problems.push(`It exited with ${exitCode}.`);
  if (before.outage === null || after.outage === null) return problems;
  if (after.outage.descriptors > before.outage.descriptors)
    problems.push(`It had ${before.outage.descriptors} descriptors, and now ${after.outage.descriptors}.`);
  const part = after.outage.residentKilobytes / before.outage.residentKilobytes - 1;
  if (memoryPart !== null && part > memoryPart)
    problems.push(`The memory of its primary process has grown by ${(part * 100).toFixed(1)} %.`);
  return problems;
}

function leftBehind(before: Figures, after: Figures): string[] {
  const problems: string[] = [];
  if (after.descriptors > before.descriptors)
    problems.push(`There were ${before.descriptors} descriptors, and now ${after.descriptors}.`);
  if (after.threads > before.threads)
    problems.push(`There were ${before.threads} threads, and now ${after.threads}.`);
  if (after.resources !== before.resources)
    problems.push(`There were ${before.resources}, and now ${after.resources}.`);
  return problems;
}

/**
 * By what is resident and in the heap once garbage was collected: as it stands, resident memory holds as much garbage as
 * V8 has seen fit to leave, which tells of the last seconds of traffic and not of what stays behind.
 */
function grown(before: Figures, after: Figures, part: number): string[] {
  return (['collectedKilobytes', 'heapKilobytes'] as const).flatMap((name) => {
    const increase = after[name] / before[name] - 1;
    if (increase <= part) return [];
    return [`${name} has grown by ${(increase * 100).toFixed(1)} %, more than ${part * 100} %.`];
  });
}
