/** What the numbers of the page are worth: the source, the history, what was denied, and events that did not come. */
import type { Response } from '../connection/client.ts';
import { missedTotal } from '../connection/missed-events.ts';
import { byId, usePolled } from '../connection/use-operation.ts';
import { serviceDocument, type ServiceQuery } from '../generated/host.ts';
import { formatNumber, formatTime } from '../reading/format.ts';

/** The state of the source and of the page's own events. */
export function Health({ response }: { readonly response: Response<unknown> | null }) {
  const service = usePolled<ServiceQuery>(byId(serviceDocument), {}, { milliseconds: 5_000 });
  const { source, history } = service.value?.data?.service ?? {};
  const denied = count(response, 'ACCESS_DENIED');
  const failed = (response?.errors.length ?? 0) - denied;
  const facts: readonly (readonly [string, string])[] = [
    ['Source', source === undefined ? '–' : `${source.kind}, ${answering(source.isAnswering)}`],
    ['Last read', source?.lastReadAt == null ? '–' : formatTime(Date.parse(source.lastReadAt))],
    ...(source?.unreadableLines == null ? [] : [['Unreadable lines', source.unreadableLines] as const]),
    ['Objects denied', `${denied}`],
    ['Other errors', `${failed}`],
    ['Events missed', `${missedTotal.value}`],
    [
      'History held',
      history?.span == null ? 'none' : `${history.span}, ${formatNumber(Number(history.bytes))}B`,
    ],
  ];
  return (
    <section aria-labelledby="health">
      <h2 id="health">Health</h2>
      <dl class="facts">
        {facts.map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function answering(isAnswering: boolean | null): string {
  if (isAnswering === null) return 'not asked yet';
  return isAnswering ? 'answering' : 'not answering';
}

function count(response: Response<unknown> | null, code: string): number {
  return response?.errors.filter(({ extensions }) => extensions?.code === code).length ?? 0;
}
