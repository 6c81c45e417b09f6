import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** A name that a standard term of the field has replaced. */
interface Replaced {
  readonly use: string;
  /** Matches whole names. */
  readonly names?: RegExp;
  /** Matches single words of names in camel case: "door" and "doors" in `sideDoor` and `DoorsOpen`. */
  readonly words?: RegExp;
  /** Files in which this holds; all where it is left out. */
  readonly within?: RegExp;
  /** How many are left. A number may become smaller, never larger. With 0 the test prints what is left. */
  readonly remaining: number;
}

// prettier-ignore
const replaced: readonly Replaced[] = [
  // server
  { words: /houses?|rooms/, use: 'ServerContext', remaining: 3 },
  { names: /ConnectionWorld|EventStreamsOptions|EventStreamWorld|LinkWorld/, use: 'ServerContext, ListenerContext', remaining: 0 },
  { words: /doors?|entrances?/, use: 'listener', remaining: 21 },
  { words: /doorkeepers?|identify/, use: 'Authenticator, authenticate', remaining: 21 },
  { words: /evidence/, use: 'Credentials', remaining: 2 },
  { names: /strayAuthorization/, use: 'conflictingAuthorization', remaining: 3 },
  { words: /askers?/, names: /WhoWaits/, use: 'RequestContext, caller', remaining: 21 },
  { names: /Call/, use: 'OperationRequest', remaining: 0 },
  { names: /Ways?/, use: 'Transport', remaining: 2 },
  { names: /Exchange/, use: 'HttpExchange', remaining: 3 },
  { names: /[Aa]dmit|[Aa]dmission|AdmittedOperation/, use: 'allowlist, AllowedOperation', remaining: 5 },
  { names: /HttpProblem/, use: 'HttpError', remaining: 0 },
  { words: /outbox/, names: /beforeMore/, use: 'WriteBatcher, flushIfStale', remaining: 7 },
  { names: /[Ee]ventWrites/, use: 'WriteCoalescer', remaining: 4 },
  { words: /pulse|beats?/, use: 'Heartbeat', remaining: 16 },
  { words: /patience/, use: 'StallDetector, or what is limited', remaining: 15 },
  { names: /[Kk]eptWithResult/, use: 'memoizeOnResult', remaining: 1 },
  { words: /pour|unwant|untaken/, use: 'pipe, pause, blocked', remaining: 9 },
  { names: /want|(on)?[Tt]aken/, within: /^src\/(server|execution)\//, use: 'request, drained', remaining: 10 },
  { words: /keeper|taker/, names: /LinkWatcher/, use: '…Listener', remaining: 7 },
  { words: /farewell/, use: 'pendingClose', remaining: 0 },
  { names: /KnownTokens|isGood/, use: 'TokenCache, isValid', remaining: 1 },
  { names: /KeySetResting/, use: 'JwksCooldownError', remaining: 0 },
  { names: /unreadableRequest/, use: 'client-error', remaining: 0 },
  { names: /openAnswers/, use: 'in-flight-requests', remaining: 0 },
  // sampling
  { words: /sights?/, names: /see|Seen/, use: 'Snapshot, read, ReadSet', remaining: 29 },
  { words: /looks?|looking/, use: 'SnapshotReader, read', remaining: 142 },
  { names: /Grid|GridWorld/, use: 'TickScheduler', remaining: 5 },
  { names: /[Cc]ircuit|CircuitOptions/, use: 'CircuitBreaker', remaining: 6 },
  { names: /Turns/, use: 'Semaphore', remaining: 2 },
  { names: /Audience/, use: 'SharedAbort', remaining: 2 },
  { words: /lately/, use: 'ExpiringValue', remaining: 3 },
  { names: /[Aa]skedLists/, use: 'TopologyScope', remaining: 4 },
  { words: /growth/, within: /^(?!src\/cli\/heap)/, use: 'change', remaining: 41 },
  { names: /whenThere/, use: 'mapMaybePromise', remaining: 1 },
  { names: /\w*[Aa]tOnce/, use: 'sync', remaining: 26 },
  { words: /anew/, use: 'fresh', remaining: 8 },
  { names: /onTurn/, use: 'onHealthChange', remaining: 7 },
  { names: /unlisted/, within: /^src\/(snapshot|source|sampling|access)\//, use: 'listError', remaining: 12 },
  { words: /nonsense/, use: 'invalidAnswer', remaining: 2 },
  // execution, writer, access
  { names: /[Ss]treamPlaces?|StreamQuota/, use: 'SubscriptionLeases', remaining: 7 },
  { names: /[Ww]atchedOperation/, use: 'SharedSubscription', remaining: 2 },
  { names: /said|sayLastWord/, within: /^src\//, use: 'lastEvent, emitFinal', remaining: 3 },
  { names: /made|notMade/, within: /^src\//, use: 'resolve, reject', remaining: 7 },
  { names: /[Ss]haredAnswers/, use: 'ResponseCache', remaining: 2 },
  { names: /lendSink|takeBack/, use: 'acquire, release', remaining: 3 },
  { words: /gaps?|fillings?/, names: /AnswerPattern/, within: /^src\/(writer|execution)\//, use: 'ResponseTemplate, Slot, SlotValue', remaining: 8 },
  { names: /[Ll]eftToGraphql/, use: 'UnsupportedByWriter', remaining: 2 },
  { names: /hold|keep|moveTo/, within: /^src\/writer\//, use: 'retain, detach, rebase', remaining: 3 },
  { names: /[Nn]otingAccess/, use: 'recordingAccess', remaining: 2 },
  // cli, source
  { words: /crew/, names: /Member|hear|welcome|bury/, use: 'WorkerPool, Worker, onMessage, onReady, onExit', remaining: 11 },
  { names: /together/, use: 'openAll', remaining: 3 },
  { names: /Told|Parts/, use: 'a name for what they hold', remaining: 2 },
  { names: /figure/, use: 'format', remaining: 1 },
  { names: /findIdle\w*/, use: 'unusedSettings', remaining: 2 },
  { words: /chance|fate/, names: /Life/, use: 'random, seed, Lifetime', remaining: 26 },
  { names: /SEED/, within: /^src\/catalogue\//, use: 'PUBLIC_2013', remaining: 0 },
  { names: /shareLooks|HVQL_SHARE_LOOKS/, use: 'snapshotMaxAge', remaining: 3 },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const files = ['src', 'test']
  .flatMap((folder) =>
    readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }).map(
      (file) => `${folder}/${file}`,
    ),
  )
  .filter((file) => /\.[jt]s$/.test(file) && !/\/(fixtures|node_modules|generated|result)\//.test(file))
  .filter((file) => !/^test\/(language|naming)\.test\.ts$/.test(file));

/** Names that a file declares itself: of variables, parameters, functions, types and their members. */
function declaredIn(file: string): string[] {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const isImported = ts.isImportSpecifier(node) && node.propertyName === undefined;
    if (!ts.isPropertyAccessExpression(node) && !ts.isMetaProperty(node) && !isImported) {
      const { name } = node as { name?: ts.Node };
      if (name !== undefined && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name)))
        names.add(name.text.replace(/^[#_]/, ''));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(`${root}/${file}`, 'utf8'), ts.ScriptTarget.Latest));
  return [...names];
}

/** "live-look.test.ts" as a name of a value and as one of a type: liveLook and LiveLook. */
function namesOfFile(file: string): string[] {
  const name = String(/([^/]+?)(\.test)?\.[jt]s$/.exec(file)?.[1]).replace(/-(\w)/g, (_, letter: string) =>
    letter.toUpperCase(),
  );
  return [name, name.replace(/^\w/, (letter) => letter.toUpperCase())];
}

function wordsIn(name: string): string[] {
  return name.split(/(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\W]/).map((word) => word.toLowerCase());
}

const declared = files.map((file) => {
  const names = new Set([...declaredIn(file), ...namesOfFile(file)]);
  return { file, names: [...names].map((name) => ({ name, words: wordsIn(name) })) };
});

/** The declared names that match, once a file. */
function placesOf({ names, words, within }: Replaced): string[] {
  const whole = (pattern: RegExp | undefined) => pattern && new RegExp(`^(?:${pattern.source})$`);
  const [wholeName, wholeWord] = [whole(names), whole(words)];
  return declared
    .filter(({ file }) => within === undefined || within.test(file))
    .flatMap(({ file, names: all }) =>
      all
        .filter((each) => wholeName?.test(each.name) || each.words.some((word) => wholeWord?.test(word)))
        .map(({ name }) => `${file}: ${name}`),
    );
}

describe('the names that src and test declare', () => {
  it.each(replaced)('use $use for $words $names', (each) => {
    const places = placesOf(each);
    expect(places.length <= each.remaining ? [] : places).toEqual([]);
  });

  it('have no folder for what is shared by processes but source/ipc', () => {
    expect(files.filter((file) => /^(src|test)\/source\/shared\//.test(file)).length).toBeLessThanOrEqual(18);
  });
});

describe('the command line', () => {
  it('has --snapshot-max-age in place of --share-looks', () => {
    const places = files.filter((file) => readFileSync(`${root}/${file}`, 'utf8').includes('share-looks'));
    expect(places.length <= 5 ? [] : places).toEqual([]);
  });
});
