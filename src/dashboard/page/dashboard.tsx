/** Chooses the page by address and caller. */
import type { Response } from '../connection/client.ts';
import { byId } from '../connection/document.ts';
import { refusal } from '../connection/session.ts';
import { settings } from '../connection/settings.ts';
import { usePolled } from '../connection/use-operation.ts';
import { fleetStartDocument, type FleetStartQuery } from '../generated/fleet.ts';
import { startDocument, type StartQuery } from '../generated/host.ts';
import { Problem } from '../part/problem.tsx';
import { Head } from '../part/status.tsx';
import { place } from '../reading/address.ts';
import { FleetPage } from './fleet-page.tsx';
import { LogicalProcessorPage } from './logical-processor-page.tsx';
import { OverviewPage } from './overview-page.tsx';
import { PartitionPage } from './partition-page.tsx';
import { SignIn } from './sign-in.tsx';

/** The whole dashboard. */
export function Dashboard() {
  if (refusal.value !== null) return <SignIn reason={refusal.value} />;
  return settings.graph === 'fleet' ? <Fleet /> : <Host />;
}

/** The caller may change with its token. */
const startMilliseconds = 60_000;

function Host() {
  const start = usePolled<StartQuery>(byId(startDocument), {}, { milliseconds: startMilliseconds });
  const viewer = start.value?.data?.viewer;
  if (viewer === undefined) return <Unknown response={start.value} />;
  return <HostPages isRoot={viewer.isRoot} />;
}

function Fleet() {
  const start = usePolled<FleetStartQuery>(byId(fleetStartDocument), {}, { milliseconds: startMilliseconds });
  const viewer = start.value?.data?.viewer;
  if (viewer === undefined) return <Unknown response={start.value} />;
  const { host } = place.value;
  return host === null ? <FleetPage /> : <HostPages key={host} isRoot={viewer.partition === 'root'} />;
}

function HostPages({ isRoot }: { readonly isRoot: boolean }) {
  const { page, of } = place.value;
  if (page === 'partition') return <PartitionPage key={of} id={of === 'own' ? null : of} />;
  // Callers other than the root see only their own partition.
  if (!isRoot) return <PartitionPage key="own" id={null} />;
  if (page === 'logical-processor') return <LogicalProcessorPage key={of} index={Number(of)} />;
  return <OverviewPage />;
}

function Unknown({ response }: { readonly response: Response<unknown> | null }) {
  return (
    <>
      <Head title="hvql" />
      <main>
        <Problem error={response?.errors[0] ?? null} />
      </main>
    </>
  );
}
