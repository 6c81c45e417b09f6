/** Which page is open, for whom. */
import { usePolled, byId } from '../connection/use-operation.ts';
import { refusal } from '../connection/session.ts';
import { startDocument, type StartQuery } from '../generated/host.ts';
import { place } from '../reading/address.ts';
import { Head } from '../part/status.tsx';
import { Problem } from '../part/problem.tsx';
import { OverviewPage } from './overview-page.tsx';
import { SignIn } from './sign-in.tsx';

/** The whole dashboard. */
export function Dashboard() {
  if (refusal.value !== null) return <SignIn reason={refusal.value} />;
  return <Host />;
}

function Host() {
  const start = usePolled<StartQuery>(byId(startDocument), {}, { milliseconds: 60_000 });
  const { page } = place.value;
  const viewer = start.value?.data?.viewer;
  if (viewer === undefined)
    return (
      <>
        <Head title="Hypervisor" />
        <main>
          <Problem error={start.value?.errors[0] ?? null} />
        </main>
      </>
    );
  return page === 'overview' ? <OverviewPage /> : <OverviewPage />;
}
