/** The HTML of GraphiQL's page, with a strict content security policy and without external resources. */
import { createHash } from 'node:crypto';
import type { Asset } from './asset.ts';

/** The files of GraphiQL by purpose; workers by the label that the editor uses. */
export interface GraphiqlAssets {
  readonly script: Asset;
  readonly style: Asset;
  readonly icon: Asset;
  readonly workers: { readonly editorWorkerService: Asset; readonly json: Asset; readonly graphql: Asset };
}

/** The initial content of the page. It becomes part of a script, so it must not contain any data of a request. */
export interface GraphiqlOptions {
  /** Example operations, one tab each. */
  readonly tabs: readonly { readonly name: string; readonly query: string }[];
  /**
   * In development mode, the tokens of callers: the first one is used in every tab, and each other one in its own tab.
   * Otherwise null, and users enter their own token.
   */
  readonly tokens: readonly GraphiqlToken[] | null;
  /** Whether the service allows only the exact texts of the tabs: then they have no titles and are sent unchanged. */
  readonly isExact?: boolean;
}

/** A token of a caller. */
export interface GraphiqlToken {
  readonly title: string;
  readonly token: string;
  /** The operation of its own tab. @default the first example */
  readonly query?: string | undefined;
}

/** A page and its content security policy. */
export interface Page {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

/** Generates the page. */
export function graphiqlPage(options: GraphiqlOptions, assets: GraphiqlAssets): Page {
  const script = bootScript(options, assets);
  const hash = createHash('sha256').update(script).digest('base64');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>hvql</title>
<link rel="icon" href="${assets.icon.path}">
<link rel="stylesheet" href="${assets.style.path}">
<script defer src="${assets.script.path}"></script>
</head>
<body class="no-focus-outline">
<noscript>GraphiQL needs JavaScript.</noscript>
<div id="root"></div>
<script>${script}</script>
</body>
</html>
`;
  return {
    html,
    contentSecurityPolicy: [
      "default-src 'none'",
      `script-src 'self' 'sha256-${hash}'`,
      // The editor sets styles at run time.
      "style-src 'self' 'unsafe-inline'",
      "font-src 'self' data:",
      "img-src 'self' data:",
      "worker-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

/**
 * Inline and not in a file, because a page of another site could include a file as a script and so read the tokens. Runs
 * before the deferred script, which needs the addresses of the workers.
 */
function bootScript(options: GraphiqlOptions, { workers }: GraphiqlAssets): string {
  const workerPaths = Object.fromEntries(Object.entries(workers).map(([label, { path }]) => [label, path]));
  const tokens = options.tokens?.map(({ token }) => token) ?? [];
  return `
const workers = ${embed(workerPaths)};
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_, label) => workers[label] ?? workers.editorWorkerService };
const tokens = ${embed(tokens)};
let token = '';
const props = ${embed(graphiqlProps(options))};
const first = props.defaultTabs[0]?.query;
const shared = new URL(location).searchParams.get('query');
let active = { query: shared ?? first };
try {
// GraphiQL stores its tabs in the browser, but their tokens become invalid with a restart: insert the current ones.
  const key = 'hvql:tokens';
  const earlier = JSON.parse(localStorage.getItem(key) ?? '[]');
  if (earlier.join() !== tokens.join()) {
    for (const name of Object.keys(localStorage)) {
      const refreshed = earlier.reduce((text, token, n) => text.replaceAll(token, tokens[n] ?? ''), localStorage.getItem(name));
      localStorage.setItem(name, refreshed);
    }
    localStorage.setItem(key, JSON.stringify(tokens));
  }
// It opens a blank tab unless one of the stored tabs has exactly these texts.
  const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState') ?? '{"tabs":[]}');
  if (tabs.length === 0 && shared !== null) props.defaultTabs.unshift({ query: shared, headers: props.headers });
  if (tabs.length > 0 && (shared === null || tabs.some(({ query }) => query === shared))) {
    active = tabs[activeTabIndex];
    props.initialQuery = active.query ?? '';
    props.initialVariables = active.variables ?? '';
    if (active.headers !== null) props.initialHeaders = active.headers;
  }
} catch (error) {
  console.warn(error);
}
// The first example runs automatically when both editors are ready; an operation from the URL does not.
if (tokens.length > 0 && active.query === first) {
  const parts = ['.graphiql-execute-button', '.graphiql-query-editor .view-line', '.result-window .monaco-editor'];
  const editors = new MutationObserver(() => {
    const [button, ...others] = parts.map((part) => document.querySelector(part));
    if (button === null || others.includes(null)) return;
    editors.disconnect();
    button.click();
  });
  editors.observe(document, { subtree: true, childList: true });
}
addEventListener('DOMContentLoaded', () => {
  YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), {
    ...props,
// GraphiQL's own history plugin, which Yoga's page replaces.
    plugins: undefined,${options.tokens === null ? tokenField : ''}${options.isExact === true ? exactSending : ''}
  });
});
`;
}

/**
 * For users with their own token: a field at the top of the page instead of the headers editor, whose content the history
 * would write to disk. The schema is fetched again when the field may contain a token.
 */
const tokenField = `
    isHeadersEditorEnabled: false,
    additionalHeaders: () => (token === '' ? {} : { authorization: 'Bearer ' + token }),
    title: React.createElement('input', {
      placeholder: 'Paste a token here',
      'aria-label': 'Token',
      autoComplete: 'off',
      onChange: ({ target }) => {
        token = target.value.trim().replace(/^Bearer\\s+/i, '');
        // GraphiQL's own key for it.
        if (/^[^.]+[.][^.]+[.][^.]+$/.test(token)) dispatchEvent(new KeyboardEvent('keydown', { key: 'R', ctrlKey: true }));
      },
    }),`;

/**
 * Yoga's page prints the parsed document and so drops comments and white space. These options of its executor
 * (@graphql-tools/executor-http) send the original source, by POST.
 */
const exactSending = `
    print: (document) => document.definitions[0].loc.source.body,
    method: 'POST',`;

function graphiqlProps({ tabs, tokens, isExact = false }: GraphiqlOptions): object {
  const titled = isExact ? (_: string, query: string): string => query : withTitle;
  const headersOf = (token: string): string => JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);
  const [headers, ...others] = (tokens ?? []).map(({ token }) => headersOf(token));
  const first = tabs[0]?.query ?? '{ __typename }';
  const examples = tabs.map(({ name, query }) => ({ query: titled(name, query), headers }));
  const guests = (tokens ?? []).slice(1).map(({ title, query = first }, n) => ({
    // The title of a tab is the name of its operation.
    query: titled(
      `Sent with the token of ${title}, which is in the headers below.`,
      isExact ? query : query.replace(/^(query|subscription) (\w+)/m, '$1 $2AsGuest'),
    ),
    headers: others[n],
  }));
  return {
    title: 'hvql',
    endpoint: '/graphql',
    defaultTabs: [...examples, ...guests],
    // GraphiQL ignores the headers of the first tab, and uses these for new tabs.
    headers,
    // The user's own token is not written to disk.
    shouldPersistHeaders: tokens !== null,
  };
}

function withTitle(title: string, query: string): string {
  return query.trimStart().startsWith(`# ${title}`) ? query : `# ${title}\n${query}`;
}

/** JSON that can neither end its script element nor begin a comment. */
function embed(value: object): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
