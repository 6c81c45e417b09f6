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
}

// prettier-ignore
const replaced: readonly Replaced[] = [
  // server
  { words: /houses?|rooms/, use: 'ServerContext' },
  { names: /ConnectionWorld|EventStreamsOptions|EventStreamWorld|LinkWorld/, use: 'ServerContext, ListenerContext' },
  { words: /doors?|entrances?/, use: 'listener' },
  { words: /doorkeepers?|identify/, use: 'Authenticator, authenticate' },
  { words: /evidence/, use: 'Credentials' },
  { names: /strayAuthorization/, use: 'conflictingAuthorization' },
  { words: /askers?/, names: /WhoWaits/, use: 'RequestContext, caller' },
  { names: /Call/, use: 'OperationRequest' },
  { names: /Ways?/, use: 'Transport' },
  { names: /Exchange/, use: 'HttpExchange' },
  { names: /[Aa]dmit|[Aa]dmission|AdmittedOperation/, use: 'allowlist, AllowedOperation' },
  { names: /HttpProblem/, use: 'HttpError' },
  { words: /outbox/, names: /beforeMore/, use: 'WriteBatcher, flushIfStale' },
  { names: /[Ee]ventWrites/, use: 'WriteCoalescer' },
  { words: /pulse|beats?/, use: 'Heartbeat' },
  { words: /patience/, use: 'StallDetector, or what is limited' },
  { names: /[Kk]eptWithResult/, use: 'memoizeOnResult' },
  { words: /pour|unwant|untaken/, use: 'pipe, pause, blocked' },
  { names: /want|(on)?[Tt]aken/, within: /^src\/(server|execution)\//, use: 'request, drained' },
  { words: /keeper|taker/, names: /LinkWatcher/, use: '…Listener' },
  { words: /farewell/, use: 'pendingClose' },
  { names: /KnownTokens|isGood/, use: 'TokenCache, isValid' },
  { names: /KeySetResting/, use: 'JwksCooldownError' },
  { names: /unreadableRequest/, use: 'client-error' },
  { names: /openAnswers/, use: 'in-flight-requests' },
  // sampling
  { words: /sights?/, names: /see|Seen/, use: 'Snapshot, read, ReadSet' },
  { words: /looks?|looking/, use: 'SnapshotReader, read' },
  { names: /Grid|GridWorld/, use: 'TickScheduler' },
  { names: /[Cc]ircuit|CircuitOptions/, use: 'CircuitBreaker' },
  { names: /Turns/, use: 'Semaphore' },
  { names: /Audience/, use: 'SharedAbort' },
  { words: /lately/, use: 'ExpiringValue' },
  { names: /[Aa]skedLists/, use: 'TopologyScope' },
  { words: /growth/, within: /^(?!src\/cli\/heap)/, use: 'change' },
  { names: /whenThere/, use: 'mapMaybePromise' },
  { names: /\w*[Aa]tOnce/, use: 'sync' },
  { words: /anew/, use: 'fresh' },
  { names: /onTurn/, use: 'onHealthChange' },
  { names: /unlisted/, within: /^src\/(snapshot\/topology|source\/source|sampling|access)/, use: 'listError' },
  { words: /nonsense/, use: 'invalidAnswer' },
  // execution, writer, access
  { names: /[Ss]treamPlaces?|StreamQuota/, use: 'SubscriptionLeases' },
  { names: /[Ww]atchedOperation/, use: 'SharedSubscription' },
  { names: /said|sayLastWord/, within: /^src\/(execution|server)\//, use: 'lastEvent, emitFinal' },
  { names: /made|notMade/, within: /^src\/(execution|server)\//, use: 'resolve, reject' },
  { names: /[Ss]haredAnswers/, use: 'ResponseCache' },
  { names: /lendSink|takeBack/, use: 'acquire, release' },
  { words: /gaps?|fillings?/, names: /AnswerPattern/, within: /^src\/(writer|execution)\//, use: 'ResponseTemplate, Slot, SlotValue' },
  { names: /[Ll]eftToGraphql/, use: 'UnsupportedByWriter' },
  { names: /hold|keep|moveTo/, within: /^src\/writer\//, use: 'retain, detach, rebase' },
  { names: /[Nn]otingAccess/, use: 'recordingAccess' },
  // cli, source
  { words: /crew/, names: /Member|hear|welcome|bury/, use: 'WorkerPool, Worker, onMessage, onReady, onExit' },
  { names: /together/, use: 'openAll' },
  { names: /Told|Parts/, use: 'a name for what they hold' },
  { names: /figure/, use: 'format' },
  { names: /findIdle\w*/, use: 'unusedSettings' },
  { words: /chance|fate/, names: /Life/, use: 'random, seed, Lifetime' },
  { names: /SEED/, within: /^src\/catalogue\//, use: 'PUBLIC_2013' },
  { names: /shareLooks|HVQL_SHARE_LOOKS/, use: 'snapshotMaxAge' },
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
  it.each(replaced)('contain none that $use has replaced', (each) => {
    expect(placesOf(each)).toEqual([]);
  });

  it('include a folder named ipc for communication between processes', () => {
    expect(files.filter((file) => /^(src|test)\/source\/shared\//.test(file))).toEqual([]);
  });
});

describe('the command line', () => {
  it('has --snapshot-max-age instead of --share-looks', () => {
    // The benchmark also starts builds of before.
    const places = files.filter((file) => readFileSync(`${root}/${file}`, 'utf8').includes('share-looks'));
    expect(places).toEqual(['test/bench/build.ts']);
  });
});
