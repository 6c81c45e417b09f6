/** The health section: the source, the history, denied objects, and missed events. */
import type { Response } from '../connection/client.ts';
import { byId } from '../connection/document.ts';
import { missedTotal } from '../connection/missed-events.ts';
import { settings } from '../connection/settings.ts';
import { usePolled } from '../connection/use-operation.ts';
import { serviceDocument, type ServiceQuery } from '../generated/host.ts';
import { formatDuration, formatNumber, formatTime } from '../reading/format.ts';

/** The state of the source and of the page's own events. */
export function Health({ response }: { readonly response: Response<unknown> | null }) {
  const denied = count(response, 'ACCESS_DENIED');
  const failed = (response?.errors.length ?? 0) - denied;
  return (
    <section aria-labelledby="health">
      <h2 id="health">Health</h2>
      <dl class="facts">
        {settings.graph === 'host' && <ServiceFacts />}
        <Fact title="Objects denied" value={`${denied}`} />
        <Fact title="Other errors" value={`${failed}`} />
        <Fact title="Events missed" value={`${missedTotal.value}`} />
      </dl>
    </section>
  );
}

/** A gateway has neither a source nor a history of its own. */
function ServiceFacts() {
  const service = usePolled<ServiceQuery>(byId(serviceDocument), {}, { milliseconds: 5_000 });
  const { source, history } = service.value?.data?.service ?? {};
  const held =
    history?.span == null
      ? 'none'
      : `${formatDuration(history.span)}, ${formatNumber(Number(history.bytes))}B`;
  return (
    <>
      <Fact
        title="Source"
        value={source === undefined ? '–' : `${source.kind}, ${answering(source.isAnswering)}`}
      />
      <Fact
        title="Last read"
        value={source?.lastReadAt == null ? '–' : formatTime(Date.parse(source.lastReadAt))}
      />
      {source?.unreadableLines != null && <Fact title="Unreadable lines" value={source.unreadableLines} />}
      <Fact title="History in memory" value={held} />
    </>
  );
}

function Fact({ title, value }: { readonly title: string; readonly value: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function answering(isAnswering: boolean | null): string {
  if (isAnswering === null) return 'not asked yet';
  return isAnswering ? 'answering' : 'not answering';
}

function count(response: Response<unknown> | null, code: string): number {
  return response?.errors.filter(({ extensions }) => extensions?.code === code).length ?? 0;
}
