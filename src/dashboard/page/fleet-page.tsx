/** The fleet page: its hosts, and the busiest objects of all hosts. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Bar, Sparkline } from '../chart/sparkline.tsx';
import type { Response } from '../connection/client.ts';
import { byId } from '../connection/document.ts';
import { useLive } from '../connection/use-operation.ts';
import { fleetDocument, type FleetSubscription } from '../generated/fleet.ts';
import { Busiest, rowsOfProcessors } from '../part/busiest.tsx';
import { Health } from '../part/health.tsx';
import { NameFilter } from '../part/name-filter.tsx';
import { errorAt, Problem } from '../part/problem.tsx';
import { Head } from '../part/status.tsx';
import { addressOf, options } from '../reading/address.ts';
import { formatPercent, formatTime } from '../reading/format.ts';
import { Frames } from '../reading/frames.ts';
import { keptSince, noteMoment, resetTime } from '../reading/time-view.ts';

type Fleet = FleetSubscription['fleet'];
type Host = NonNullable<Fleet['hosts']>['nodes'][number];

/** The hosts that the caller may query. */
export function FleetPage() {
  const frames = useMemo(() => new Frames(), []);
  const fleet = useSignal<Fleet | null>(null);
  useEffect(resetTime, []);
  const name = options.value.get('name');
  const filter = name === null ? null : { nameContains: name };
  const live = useLive<FleetSubscription>(byId(fleetDocument), { every: '2s', filter }, (data) => {
    fleet.value = data.fleet;
    const hosts = data.fleet.hosts?.nodes ?? [];
    // Hosts read at different times, but the differences are less than a pixel.
    const at = Math.max(
      ...hosts.map(({ hypervisor }) => Date.parse(hypervisor?.sampledAt ?? '')).filter(Number.isFinite),
    );
    if (!Number.isFinite(at)) return;
    noteMoment(at);
    for (const host of hosts) {
      const { hypervisor } = host;
      if (hypervisor === null) continue;
      const { interval = null, totalRunTime = null } = hypervisor.logicalProcessorTotals?.rates ?? {};
      frames.add(host.name, { at, seconds: interval?.seconds, value: totalRunTime, reset: interval?.reset });
    }
    frames.commit(keptSince());
  });
  const response = live.response.value as Response<unknown> | null;
  const { hosts = null, totals, partitions = null, virtualProcessors = null } = fleet.value ?? {};
  return (
    <>
      <Head title="Fleet" />
      <main>
        {totals !== undefined && (
          <dl class="facts">
            <div>
              <dt>Responding hosts</dt>
              <dd>
                {totals.answered} of {totals.of}
              </dd>
            </div>
            <div>
              <dt>Logical processors</dt>
              <dd>{totals.logicalProcessors}</dd>
            </div>
          </dl>
        )}
        <section class="wide" aria-labelledby="hosts">
          <h2 id="hosts">Hosts</h2>
          <div class="filter">
            <NameFilter />
            {hosts !== null && <span role="status">{hosts.totalCount} hosts</span>}
          </div>
          <Problem error={errorAt(response, ['fleet', 'hosts'])} />
          <div class="scroll" tabIndex={0} role="region" aria-label="Table of hosts">
            <table class="hosts">
              <thead>
                <tr>
                  {['Host', 'Status', 'Processors', 'Busy', 'Last minutes', 'Last seen', 'Source'].map(
                    (title) => (
                      <th key={title} scope="col">
                        {title}
                      </th>
                    ),
                  )}
                </tr>
              </thead>
              <tbody>
                {hosts?.nodes.map((host, n) => (
                  <HostRow key={host.id} host={host} frames={frames} response={response} position={n} />
                ))}
              </tbody>
            </table>
          </div>
        </section>
        <Busiest
          title="Busiest partitions"
          of="fleet"
          rows={(partitions ?? []).map((partition) => ({
            ...partition,
            partition,
            detail: `${partition.virtualProcessorTotals?.of ?? 0} processors`,
            rates: partition.virtualProcessorTotals?.rates ?? null,
          }))}
          error={errorAt(response, ['fleet', 'partitions'])}
        />
        <Busiest
          title="Busiest virtual processors"
          of="fleet"
          rows={rowsOfProcessors(virtualProcessors, (processor) => processor.host)}
          error={errorAt(response, ['fleet', 'virtualProcessors'])}
        />
        <Health response={response} />
      </main>
    </>
  );
}

function HostRow({
  host,
  frames,
  response,
  position,
}: {
  readonly host: Host;
  readonly frames: Frames;
  readonly response: Response<unknown> | null;
  readonly position: number;
}) {
  const { name, status, lastSeenAt, clockOffsetSeconds, source, hypervisor } = host;
  const totals = hypervisor?.logicalProcessorTotals ?? null;
  const error = errorAt(response, ['fleet', 'hosts', 'nodes', position, 'hypervisor']);
  return (
    <tr>
      <th scope="row">
        <a href={addressOf({ host: name, page: 'overview', of: null })}>{name}</a>
      </th>
      <td class={status === 'ANSWERING' ? undefined : 'problem'}>
        {status.toLowerCase().replace('_', ' ')}
        {clockOffsetSeconds !== null && `, clock ${clockOffsetSeconds} s off`}
      </td>
      <td>{totals?.of ?? '–'}</td>
      <td>
        {error === null ? (
          <>
            <Bar share={totals?.rates?.totalRunTime} /> {formatPercent(totals?.rates?.totalRunTime)}
          </>
        ) : (
          <Problem error={error} />
        )}
      </td>
      <td>
        <Sparkline frames={frames} of={name} />
      </td>
      <td>{lastSeenAt === null ? '–' : formatTime(Date.parse(lastSeenAt))}</td>
      <td>{source ?? '–'}</td>
    </tr>
  );
}
