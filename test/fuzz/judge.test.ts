import { parse } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { createSchema } from '../../src/graph/schema.ts';
import { nodeIdOf } from '../../src/graph/node-id.ts';
import { caller, type Answer, testHost } from '../ask.ts';
import { RandomHost } from './random-host.ts';
import { askTrial, judge, trialSampler, type Trial } from './trial.ts';

const schema = createSchema();
const query = `{
  hypervisor {
    counters { partitions }
    partitions { totalCount nodes { partitionId name } }
  }
  own: partition {
    sampledAt
    parent { name }
    counters { depositedPages }
    deltas(over: "500ms") { interval { seconds reset } gpaSpaceModifications }
    rates(over: "500ms") { interval { seconds } gpaSpaceModifications }
    page { groups { values } }
    virtualProcessor(index: 77) { index }
    virtualProcessors { index counters { totalRunTime } }
  }
  strange: node(id: "?") { id }
}`;

let trial: Trial;
let answer: Answer;

/** A guest's question about itself, its parent and everything. */
beforeEach(async () => {
  const host = hosts.find(({ fails, partitions: [root, guest] }) => {
    const hasProcessors = guest?.listError === undefined && (guest?.virtualProcessors.length ?? 0) > 1;
    return (
      fails === 'nothing' && root?.id === 1n && guest?.parent === 1n && hasProcessors && guest.name !== null
    );
  }) as RandomHost;
  host.rewind();
  const document = parse(query);
  const who = caller(host.partitions[1]?.id ?? 0n);
  const operation = { query, variables: {} };
  trial = { schema, host, document, operation, ids: new Map(), caller: who, askedAs: who };
  answer = await askTrial(trial, trialSampler(trial));
});
/** Few of which anything is broken. */
const hosts = Array.from({ length: 300 }, (_, n) => new RandomHost(3, n));

const judged = (it: Answer): string[] => judge(trial, it, { snapshots: trial.host.snapshots, earlier: [] });

/** Changes that make a correct response wrong, and the error that the judge must find for each. */
const doctors: readonly (readonly [what: string, change: (answer: any) => void, verdict: RegExp])[] = [
  [
    'a partition that the caller may not read, in a list',
    ({ data }) => data.hypervisor.partitions.nodes.unshift({ partitionId: '1', name: null }),
    /^hypervisor\.partitions\.nodes: is .* needs to be "2 items"/,
  ],
  [
    'a count that includes partitions that the caller may not read',
    ({ data }) => (data.hypervisor.partitions.totalCount = 3),
    /^hypervisor\.partitions\.totalCount: is 3, but needs to be 2/,
  ],
  [
    'denied data together with its error',
    ({ data }) => (data.own.parent = { name: 'root' }),
    /^own\.parent: is {"name":"root"}, but needs to be "null, because of ACCESS_DENIED NOT_SELF_OR_PARENT/,
  ],
  [
    'a denied field that is null without an error',
    (it) => (it.errors = it.errors.filter(({ path }: any) => path.join() !== 'hypervisor,counters')),
    /^hypervisor\.counters: no error says ACCESS_DENIED NOT_ROOT/,
  ],
  [
    'another reason for a denial',
    (it) => (errorAt(it, 'hypervisor.counters').extensions.reason = 'NO_PRIVILEGE'),
    /^hypervisor\.counters: no error says ACCESS_DENIED NOT_ROOT/,
  ],
  [
    'an error that says that an object does not exist instead of a denial',
    (it) =>
      (errorAt(it, 'own.parent').extensions = {
        code: 'INVALID_PARTITION_ID',
        hvStatus: 'HV_STATUS_INVALID_PARTITION_ID',
      }),
    /^own\.parent: no error says ACCESS_DENIED/,
  ],
  [
    'the HTTP status of another error',
    (it) => (errorAt(it, 'own.virtualProcessor').extensions.hvStatus = 'HV_STATUS_ACCESS_DENIED'),
    /has the status HV_STATUS_ACCESS_DENIED/,
  ],
  [
    'an unexpected error, masked',
    (it) => (errorAt(it, 'strange').extensions = { code: 'INTERNAL_SERVER_ERROR', requestId: 'c0ffee' }),
    /^strange: INTERNAL_SERVER_ERROR: .* is an error without a reason/,
  ],
  [
    'an error together with complete data',
    (it) =>
      it.errors.push({
        message: 'Hm.',
        path: ['own', 'sampledAt'],
        extensions: { code: 'PAGE_UNAVAILABLE' },
      }),
    /^own\.sampledAt: PAGE_UNAVAILABLE: Hm\. is an error without a reason/,
  ],
  [
    'two errors with one path',
    (it) => it.errors.push(errorAt(it, 'strange')),
    /^strange: .* is one of several errors of one place/,
  ],
  [
    'a stack trace',
    (it) => (errorAt(it, 'strange').message = 'Oh. at parseNodeId (file:///srv/dist/graph/node-id.js:24:9)'),
    /shows the inside of the service/,
  ],
  [
    'a path of a file',
    (it) => (errorAt(it, 'strange').message = "Cannot open '/srv/pages/lp'"),
    /shows the inside/,
  ],
  [
    'the id of another partition in a message',
    (it) => (errorAt(it, 'strange').message = `Partition ${hidden()} has gone.`),
    /^the answer tells of the partition \d+/,
  ],
  [
    'a number that is wrong by one',
    ({ data }) => {
      const [processor] = data.own.virtualProcessors;
      processor.counters.totalRunTime = String(BigInt(processor.counters.totalRunTime) ^ 1n);
    },
    /^own\.virtualProcessors\.0\.counters\.totalRunTime: is/,
  ],
  [
    'null instead of a number',
    ({ data }) => (data.own.counters.depositedPages = null),
    /^own\.counters\.depositedPages: is/,
  ],
  [
    'a 64-bit number that is not a string',
    ({ data }) => (data.own.deltas.gpaSpaceModifications = Number(data.own.deltas.gpaSpaceModifications)),
    /^own\.deltas\.gpaSpaceModifications: is \d+, but needs to be "\d+"/,
  ],
  [
    'a rate that is a little high',
    ({ data }) => (data.own.rates.gpaSpaceModifications *= 1.000001),
    /^own\.rates\.gpaSpaceModifications: is/,
  ],
  [
    'deltas of another interval than the rates',
    ({ data }) => (data.own.deltas.interval.seconds = 1),
    /^own\.deltas\.interval\.seconds: is 1/,
  ],
  ['another time', ({ data }) => (data.own.sampledAt = '2023-11-14T22:13:20.000Z'), /^own\.sampledAt: is/],
  [
    'values of a page in the wrong order',
    ({ data }) => data.own.page.groups[0].values.push('1'),
    /^own\.page/,
  ],
  [
    'processors in the wrong order',
    ({ data }) => data.own.virtualProcessors.reverse(),
    /^own\.virtualProcessors\.0\.index: is/,
  ],
  ['a field that was not selected', ({ data }) => (data.own.name = 'web'), /^own: is \["sampledAt"/],
  ['a missing field', ({ data }) => delete data.own.page, /^own: is \["sampledAt"/],
  ['an empty response', (it) => (it.data = null), /^: is null, but needs to be "an object"/],
];

function errorAt({ errors }: any, path: string): any {
  return errors.find((error: any) => error.path.join('.') === path);
}

/** A partition that exists and that the caller may not read. */
function hidden(): bigint {
  return trial.host.partitions.find(({ id }) => id !== 1n && id !== trial.caller.partitionId)?.id ?? 1n;
}

describe('the judge', () => {
  it('finds no errors in correct responses', () => {
    expect(judged(answer)).toEqual([]);
    const { counters, deltas, rates, virtualProcessors } = answer.data.own;
    // What the doctors change is there.
    expect([counters, deltas, rates, virtualProcessors[0].counters]).not.toContain(null);
    expect(Number(deltas.gpaSpaceModifications)).toBeGreaterThan(0);
    expect(virtualProcessors.length).toBeGreaterThan(1);
  });

  it.each(doctors)('finds an error: %s', (_what, change, verdict) => {
    const doctored = structuredClone(answer);
    change(doctored);
    expect(judged(doctored)).toContainEqual(expect.stringMatching(verdict));
  });

  it('finds a 0 for a counter that is missing from a page', () => {
    const [counter] = countersOf('PARTITION');
    const name = { object: 'PARTITION', partitionId: 1n } as const;
    const lacking = hosts.find(
      (host) =>
        host.fails === 'nothing' &&
        host.partitions[0]?.id === 1n &&
        host.pageAt(name, 0).is === 'fine' &&
        counter !== undefined &&
        host.numberAt(name, counter, 0) === null,
    ) as RandomHost;
    const document = parse(`{ partition { counters { ${counter?.field} } } }`);
    const asked = { ...trial, host: lacking, caller: caller(1n), document };
    const judgedAs = (number: string | null): string[] => {
      const data = { partition: { counters: { [counter?.field ?? '']: number } } };
      return judge(
        asked,
        { data },
        { snapshots: [{ at: 0, keys: new Set(), seen: new Set() }], earlier: [] },
      );
    };
    expect(judgedAs(null)).toEqual([]);
    expect(judgedAs('0')).toEqual([expect.stringMatching(/: is "0", but needs to be null/)]);
  });

  it('recognises the object of an id', () => {
    const id = nodeIdOf({ object: 'PARTITION', partitionId: 1n }, testHost);
    const ids = new Map([[id, { object: 'PARTITION', partitionId: 1n } as const]]);
    const document = parse(`{ node(id: "${id}") { id } }`);
    const leak = { data: { node: { id } } };
    expect(judge({ ...trial, ids, document }, leak, { snapshots: [], earlier: [] })).toEqual([
      expect.stringMatching(/^node: is {"id":".*"}, but needs to be "null, because of ACCESS_DENIED/),
      expect.stringMatching(/^node: no error says/),
    ]);
  });
});
