/** The GraphQL operations sent to the servers, and the sizes of the hosts. */
import { countersInPages } from '../../src/catalogue/catalogue.ts';
import type { Counter } from '../../src/catalogue/counter.ts';
import type { StatisticsObject } from '../../src/catalogue/group.ts';

/** How large a host is; `virtualProcessors` are those of each partition. */
export interface HostSize {
  readonly logicalProcessors: number;
  readonly partitions: number;
  readonly virtualProcessors: number;
}

/** Small, middle, large. */
export type QuestionName = 'S' | 'M' | 'L';

/** The questions, and those whose text no server has seen before. */
export type WorkloadName = QuestionName | 'S cold' | 'M cold' | 'W cold';

/** What stands in the body of a load is another text in each request. */
export const newTextMark = '[<id>]';

/** An operation that all servers support. */
export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly host: HostSize;
  readonly query: string;
  /** The number of simultaneous clients. Responses of megabytes would only delay each other. */
  readonly connections: number;
  /** Whether each request has a text of its own, so that nothing can be kept of it: no parsing, no plan. */
  readonly isNewText: boolean;
  /** Answers before the first round, so that all is compiled that will be. */
  readonly warmingAnswers: number;
}

const smallHost: HostSize = { logicalProcessors: 16, partitions: 16, virtualProcessors: 4 };
const largeHost: HostSize = { logicalProcessors: 64, partitions: 128, virtualProcessors: 8 };

/** The counters that each question asks for, by kind of object. */
export const asked = {
  S: { logicalProcessor: countersInPages('LOGICAL_PROCESSOR', 2013).slice(0, 5) },
  M: { virtualProcessor: countersInPages('VIRTUAL_PROCESSOR', 2013).slice(0, 10) },
  L: {
    logicalProcessor: countersInPages('LOGICAL_PROCESSOR', 2013),
    partition: countersInPages('PARTITION', 2013),
    virtualProcessor: countersInPages('VIRTUAL_PROCESSOR', 2013),
  },
} as const satisfies Record<QuestionName, Record<string, readonly Counter[]>>;

/** None selects `sampledAt`: the answers of all servers must be the same. */
const questions: readonly Workload[] = [
  {
    name: 'S',
    title: '16 logical processors × 5 counters',
    host: smallHost,
    query: `{ hypervisor { logicalProcessors { index counters { ${fields(asked.S.logicalProcessor)} } } } }`,
    connections: 32,
    isNewText: false,
    warmingAnswers: 10_000,
  },
  {
    name: 'M',
    title: '16 partitions × 4 virtual processors × 10 counters',
    host: smallHost,
    query: `{ hypervisor { partitions(first: 16) { nodes {
      partitionId virtualProcessors { index counters { ${fields(asked.M.virtualProcessor)} } }
    } } } }`,
    connections: 32,
    isNewText: false,
    warmingAnswers: 10_000,
  },
  {
    name: 'L',
    title: 'the whole host, 69,000 values',
    host: largeHost,
    // A page of a connection has 100 partitions at most.
    query: `{
      hypervisor {
        logicalProcessors { index counters { ${everyField('LOGICAL_PROCESSOR')} } }
        front: partitions(first: 64) { nodes { ...whole } }
        rest: partitions(last: 64) { nodes { ...whole } }
      }
    }
    fragment whole on Partition {
      partitionId
      counters { ${everyField('PARTITION')} }
      virtualProcessors { index counters { ${everyField('VIRTUAL_PROCESSOR')} } }
    }`,
    connections: 4,
    isNewText: false,
    warmingAnswers: 50,
  },
];

/** As often as a document of 10,000 tokens, the limit by default, can ask for all counters of virtual processors. */
const mostAliases = 110;

const wide: Workload = {
  name: 'W cold',
  title: `${mostAliases} × 4 virtual processors × all counters, some 9,500 tokens, each request with a text that is new`,
  host: smallHost,
  query: `# ${newTextMark}\n{ hypervisor { ${Array.from(
    { length: mostAliases },
    (_, n) => `part${n}: partitions(first: 1) { nodes {
      partitionId virtualProcessors { index counters { ${everyField('VIRTUAL_PROCESSOR')} } }
    } }`,
  ).join(' ')} } }`,
  connections: 4,
  isNewText: true,
  warmingAnswers: 100,
};

/** All workloads. The cold ones are the first two questions, behind a comment that differs from request to request, and the largest. */
export const workloads: readonly Workload[] = [...questions, cold('S'), cold('M'), wide];

/** The workload of a name. */
export function workloadNamed(name: WorkloadName): Workload {
  const workload = workloads.find((candidate) => candidate.name === name);
  if (workload === undefined) throw new TypeError(`there is no workload ${name}`);
  return workload;
}

/** The body of the request: the same bytes every time, as a dashboard sends them. */
export function bodyOf({ query }: Pick<Workload, 'query'>): string {
  return JSON.stringify({ query });
}

function cold(name: 'S' | 'M'): Workload {
  const question = questions.find((candidate) => candidate.name === name);
  if (question === undefined) throw new TypeError(`there is no question ${name}`);
  return {
    ...question,
    name: `${name} cold`,
    title: `${question.title}, each request with a text that is new`,
    query: `# ${newTextMark}\n${question.query}`,
    isNewText: true,
    warmingAnswers: 3_000,
  };
}

function everyField(object: StatisticsObject): string {
  return fields(countersInPages(object, 2013));
}

function fields(counters: readonly Counter[]): string {
  return counters.map(({ field }) => field).join(' ');
}
