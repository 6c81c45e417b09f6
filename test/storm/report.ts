/** The table of a storm. */
import { table } from '../soak/table.ts';
import type { StormReport } from './storm-run.ts';

/** All results, as text. */
export function describeStorm(report: StormReport): string {
  return [traffic(report), rest(report), chaos(report), ...logs(report), trail(report)].join('\n\n');
}

function traffic({ tally, seconds }: StormReport): string {
  const rows = [...tally.kinds].map(([name, count]) => [
    name,
    count.attempts,
    Number((count.attempts / seconds).toFixed(1)),
    count.inTrouble,
    count.unexpected,
    Math.round(count.slowestMilliseconds),
    [...count.answers]
      .sort(([, a], [, b]) => b - a)
      .map(([text, times]) => `${times} × ${text}`)
      .join(', '),
  ]);
  const head = ['traffic', 'attempts', 'per s', 'in trouble', 'unexpected', 'slowest ms', 'answers'];
  const all = [
    'all',
    tally.attempts,
    Number((tally.attempts / seconds).toFixed(1)),
    '',
    tally.unexpected,
    '',
    '',
  ];
  return table([head, ...rows, all]);
}

function rest({ before, after }: StormReport): string {
  const change = (a: number, b: number): string => `${b >= a ? '+' : ''}${((b / a - 1) * 100).toFixed(1)} %`;
  const row = (name: string, value: (rest: typeof before) => number): (string | number)[] => {
    const [a, b] = [value(before), value(after)];
    return [name, a, b, change(a, b)];
  };
  return table([
    ['the service at rest', 'before', 'after', 'change'],
    row('resident memory, KB (median of 9, as it stands)', ({ residentKilobytes }) => residentKilobytes),
    row(
      'resident memory, KB (after a collection by the inspector)',
      ({ collectedKilobytes }) => collectedKilobytes,
    ),
    row('heap, KB (after it)', ({ heapKilobytes }) => heapKilobytes),
    row('buffers, KB (after it)', ({ bufferKilobytes }) => bufferKilobytes),
    row('descriptors', ({ descriptors }) => descriptors),
    row('threads', ({ threads }) => threads),
    row('a question, ms (median of 400, the least of 3)', ({ medianMilliseconds }) =>
      Number(medianMilliseconds.toFixed(3)),
    ),
    ['busy with', before.resources, after.resources, ''],
    row('over TLS: resident memory, KB (after a collection)', ({ secure }) => secure.collectedKilobytes),
    row('over TLS: heap, KB (after it)', ({ secure }) => secure.heapKilobytes),
    row('over TLS: descriptors', ({ secure }) => secure.descriptors),
    ...(before.outage === null
      ? []
      : [
          row(
            'with outages: resident memory of the primary, KB',
            ({ outage }) => outage?.residentKilobytes ?? 0,
          ),
          row('with outages: descriptors of the primary', ({ outage }) => outage?.descriptors ?? 0),
          row('with outages: workers', ({ outage }) => outage?.workers ?? 0),
        ]),
  ]);
}

function chaos({ troubles, outage }: StormReport): string {
  const outages = outage === null ? [] : [...outage.outages.counts];
  return table([['troubles, warm-up included', 'times'], ...troubles.counts, ...outages]);
}

function trail({ trail: { opened, closed, denied, other, malformed } }: StormReport): string {
  const rows = Object.entries({ opened, closed, denied, other, malformed });
  return table([['the audit trail, all in all', 'lines'], ...rows]);
}

function logs({ log, secureLog, outage }: StormReport): string[] {
  return [
    logTable("the service's log", log),
    logTable('the log of the process that speaks TLS', secureLog),
    ...(outage === null ? [] : [logTable('the log of the service with outages', outage.log)]),
  ];
}

function logTable(title: string, { counts, complaintCount }: StormReport['log']): string {
  return table([[title, 'lines'], ...counts, ['of level error and above, or no log lines', complaintCount]]);
}
