/** The head of the page: connection, time of the snapshot, time controls, and the caller. */
import { connection, isVisible } from '../connection/client.ts';
import { choose, developmentTokens, isDevelopment, isPasted, signOut, token } from '../connection/session.ts';
import { useLostSeconds } from '../connection/use-operation.ts';
import { addressOf } from '../reading/address.ts';
import { formatTime } from '../reading/format.ts';
import { isPaused, newest, pause, resume, selected, shown } from '../reading/time-view.ts';

/** The head of every page. */
export function Head({ title }: { readonly title: string }) {
  return (
    <header>
      <a class="name" href={addressOf({ host: null, page: 'overview', of: null })}>
        hvql
      </a>
      <h1>{title}</h1>
      <Moment />
      <TimeControls />
      <Caller />
      <a class="graphiql" href="/graphql">
        GraphiQL
      </a>
    </header>
  );
}

/** The time of the newest snapshot, or of the loss of the connection. */
function Moment() {
  const lostSeconds = useLostSeconds();
  const state = connection.value;
  const moment = newest.value === null ? null : formatTime(newest.value);
  if (state.kind === 'lost')
    return (
      <p class="moment lost" role="status">
        No connection since {formatTime(state.since)} ({lostSeconds.value ?? 0} s). Trying again.
        {moment !== null && ` Last snapshot: ${moment}.`}
      </p>
    );
  return (
    <p class="moment" data-live={state.kind === 'open' && isVisible.value}>
      {moment === null ? (
        'Waiting for the first snapshot'
      ) : (
        <>
          Snapshot of <time>{moment}</time>
        </>
      )}
    </p>
  );
}

function TimeControls() {
  const isLive = !isPaused.value && selected.value === null;
  const [from, to] = shown.value;
  return (
    <div class="time" role="group" aria-label="Time">
      <button type="button" aria-pressed={!isLive} onClick={isLive ? pause : resume}>
        {isLive ? 'Pause' : 'Live'}
      </button>
      <span>
        {isLive
          ? 'Last 5 minutes'
          : `${selected.value === null ? 'Paused' : 'Selected'}: ${formatTime(from)} – ${formatTime(to)}`}
      </span>
      {selected.value !== null && (
        <button type="button" onClick={() => (selected.value = null)}>
          Whole 5 minutes
        </button>
      )}
    </div>
  );
}

function Caller() {
  const tokens = developmentTokens.value;
  if (isPasted.value)
    return (
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    );
  if (tokens === null || !isDevelopment.value || tokens.length < 2) return null;
  return (
    <label class="caller">
      Seen by{' '}
      <select
        value={token.value ?? ''}
        onChange={({ currentTarget }: { currentTarget: HTMLSelectElement }) => choose(currentTarget.value)}
      >
        {tokens.map((each) => (
          <option key={each.token} value={each.token}>
            {each.title}
          </option>
        ))}
      </select>
    </label>
  );
}
