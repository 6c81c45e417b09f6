/** `hvql top`: shows the graph in a terminal, or prints it for scripts. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../../errors.ts';
import { unlessAborted } from '../../lib/abort.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import type { CommandContext } from '../command-context.ts';
import { printable } from '../format.ts';
import type { TopSettings } from '../settings/settings.ts';
import { topViews } from '../settings/top-setting.ts';
import { Place } from './answer.ts';
import { runBatch } from './batch.ts';
import { LinkError, type GraphLink } from './link/graph-link.ts';
import { askFacts, type GraphFacts } from './link/link-facts.ts';
import type { RemoteOptions } from './link/remote-link.ts';
import { runSession } from './session.ts';
import type { State, ViewChoice } from './state.ts';
import { styleOf } from './screen/style.ts';
import type { TerminalStreams } from './screen/terminal.ts';
import type { ViewName } from './view/view.ts';
import { columnsOfView, defaultSortOf, parseSort, views } from './view/views.ts';

/** The context of `top`, in addition to its settings. */
export interface TopContext extends CommandContext {
  /** As `process.platform` has it. */
  readonly platform: string;
  /** null if standard input or output is not a terminal. */
  readonly terminal: TerminalStreams | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs `hvql top`. Returns exit code 1, with the reason on standard error, if the graph is unreachable. Rejects with a
 * UsageError for settings that do not match the graph.
 */
export async function top(settings: TopSettings, context: TopContext): Promise<number> {
  const link = await openLink(settings, context);
  try {
    const facts = await unlessAborted(askFacts(link), context.signal);
    const state = initialState(settings, facts);
    if (settings.url !== null && !facts.isFleet) await checkHostName(link, settings.hostName);
    const { signal, terminal, env } = context;
    const { isRoot } = facts;
    const { json: isJson, once, for: duration } = settings;
    if (terminal === null || once || isJson) {
      const isOnce = once || (isJson && duration === null);
      return await runBatch({ link, state, isRoot, isJson, isOnce, for: duration }, context);
    }
    const style = styleOf((env['NO_COLOR'] ?? '') === '');
    return await runSession({ link, facts, state, streams: terminal, style, signal, for: duration });
  } catch (thrown) {
    if (context.signal.aborted) return 1;
    if (!(thrown instanceof LinkError)) throw thrown;
    context.stderr.write(`hvql: ${printable(thrown.message)}\n`);
    return 1;
  } finally {
    await link.close();
  }
}

/** Rates need an earlier reading, at most twice as old as the requested interval. Nothing in top needs older readings. */
const heldIntervals = 3;
const longestHeldMilliseconds = 120_000;

async function openLink(settings: TopSettings, context: TopContext): Promise<GraphLink> {
  const { url, tokenFile, source, names, hostName } = settings;
  if (url === null) {
    const { openLocalLink } = await import('./link/local-link.ts');
    const { clock, platform } = context;
    const heldMilliseconds = Math.min(heldIntervals * settings.every, longestHeldMilliseconds);
    return openLocalLink({ source, names, hostName, clock, platform, heldMilliseconds });
  }
  const [{ RemoteLink }, ca, cert, key] = await Promise.all([
    import('./link/remote-link.ts'),
    pemOf('ca', settings.tlsCa),
    pemOf('cert', settings.tlsCert),
    pemOf('key', settings.tlsKey),
  ]);
  return new RemoteLink({ url, tokenFile, tls: { ...ca, ...cert, ...key } });
}

/** The text of a PEM file as a TLS option; no option without a file. */
async function pemOf(name: keyof RemoteOptions['tls'], path: string | null): Promise<RemoteOptions['tls']> {
  if (path === null) return {};
  try {
    return { [name]: await readFile(path, 'utf8') };
  } catch (thrown) {
    throw new UsageError([`The file ${path} cannot be read: ${systemErrorReason(thrown)}.`]);
  }
}

/** Rejects with a UsageError if a service that is no gateway serves another host than the one with this name. */
async function checkHostName(link: GraphLink, name: string | null): Promise<void> {
  if (name === null) return;
  const answer = Place.of(await link.query('query Host { hypervisor { host } }'));
  const host = answer.at('hypervisor', 'host').text;
  // It is unknown while the source fails.
  if (host === '' || host === name) return;
  throw new UsageError([
    `--host-name ${name}: --url leads to the host ${printable(host)}, not to a gateway.`,
  ]);
}

/** The initial state. Throws a UsageError for a view that the graph does not have. */
export function initialState(settings: TopSettings, { isFleet, ownPartition }: GraphFacts): State {
  const host = isFleet ? settings.hostName : null;
  const view = settings.view ?? defaultView(settings, isFleet && host === null);
  if (view === 'hosts' && !isFleet)
    throw new UsageError(['--view hosts needs the --url of a gateway; this is one host.']);
  if (view !== 'hosts' && isFleet && host === null)
    throw new UsageError([`--view ${view} needs --host-name, a host of the fleet.`]);
  const given = settings.partition?.toString() ?? null;
  const partitionId = given ?? (view === 'intercepts' ? ownPartition : null);
  if (view === 'intercepts' && partitionId === null)
    throw new UsageError(['--view intercepts needs --partition at a gateway.']);
  const chosen = choiceFor(view, { settings, partitionId });
  const choices = Object.fromEntries(
    topViews.map((name) => [name, name === view ? chosen : usualChoice(name)]),
  ) as Record<ViewName, ViewChoice>;
  return {
    view,
    host,
    partitionId,
    choices,
    filter: settings.filter ?? '',
    every: settings.every,
    selected: 0,
    firstRow: 0,
    firstColumn: 0,
    back: [],
    isPaused: false,
    isHelp: false,
    prompt: null,
    message: '',
  };
}

function defaultView({ partition }: TopSettings, isWholeFleet: boolean): ViewName {
  if (isWholeFleet) return 'hosts';
  return partition === null ? 'partitions' : 'virtual-processors';
}

function choiceFor(
  name: ViewName,
  { settings, partitionId }: { readonly settings: TopSettings; readonly partitionId: string | null },
): ViewChoice {
  const view = views[name];
  const columns = columnsOfView(view, settings.columns);
  const sort =
    settings.sort === null
      ? defaultSortOf(view, columns)
      : parseSort(settings.sort, view, { columns, partitionId });
  return { columns, sort };
}

function usualChoice(name: ViewName): ViewChoice {
  const columns = columnsOfView(views[name], null);
  return { columns, sort: defaultSortOf(views[name], columns) };
}
