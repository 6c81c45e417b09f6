/** What a response must contain at each path, and whether it does. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer } from '../ask.ts';

/** The expected value at one path of a response. */
export type Expectation =
  | { readonly is: 'value'; readonly value: unknown }
  /** A number that was computed, and may be off by the last bits. */
  | { readonly is: 'near'; readonly value: number }
  | { readonly is: 'any'; readonly what: string; readonly fits: (value: unknown) => boolean }
  | { readonly is: 'object'; readonly fields: ReadonlyMap<string, Expectation> }
  | { readonly is: 'list'; readonly items: readonly Expectation[] }
  /** null, and at least one of these errors. */
  | { readonly is: 'fault'; readonly faults: readonly Fault[] }
  /** Any of these. Among alternatives with the same `tie`, it has to be the same one all over the answer. */
  | { readonly is: 'either'; readonly tie: string; readonly of: readonly Alternative[] }
  /** Any value; errors with these codes below it are ignored. */
  | { readonly is: 'open'; readonly codes: readonly string[] };

/** One of several; `name` distinguishes it from the others. */
export interface Alternative {
  readonly name: string;
  readonly expected: Expectation;
}

/** An error: where, and which codes (with their reasons) are right there. */
export interface Fault {
  readonly path: string;
  readonly codes: readonly string[];
}

/** The hypervisor's own status of the codes that have one. */
const statuses: Readonly<Record<string, string>> = {
  ACCESS_DENIED: 'HV_STATUS_ACCESS_DENIED',
  INVALID_PARTITION_ID: 'HV_STATUS_INVALID_PARTITION_ID',
  INVALID_VP_INDEX: 'HV_STATUS_INVALID_VP_INDEX',
  INVALID_PARAMETER: 'HV_STATUS_INVALID_PARAMETER',
};
/** Places in the source or on a disk; the place of a page in its tree is no such thing. */
const innards = /\bat \S+ \(|\bat file:|node_modules|\.[jt]s\b|(?:^|[\s'"(])\/\w|\n/;

/** What is wrong with a response, one line each; empty if it is as expected. */
export function problemsOf(expected: Expectation, answer: Answer): string[] {
  const comparison = new Comparison(answer);
  comparison.compare(expected, { actual: answer.data ?? null, path: '' });
  return comparison.finish();
}

interface Place {
  readonly actual: unknown;
  readonly path: string;
}

class Comparison {
  readonly #answer: Answer;
  #problems: string[] = [];
  /** Errors at paths where one is required. */
  #explained = new Set<object>();
  /** The alternatives that are left of each tie. */
  readonly #ties = new Map<string, readonly string[]>();

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  compare(expected: Expectation, { actual, path }: Place): void {
    switch (expected.is) {
      case 'value':
        if (!isDeepStrictEqual(actual, expected.value))
          this.#differs(path, { actual, expected: expected.value });
        return;
      case 'near':
        if (typeof actual !== 'number' || !isNear(actual, expected.value))
          this.#differs(path, { actual, expected: expected.value });
        return;
      case 'any':
        if (!expected.fits(actual)) this.#differs(path, { actual, expected: expected.what });
        return;
      case 'object':
        this.#compareFields(expected.fields, { actual, path });
        return;
      case 'list':
        if (!Array.isArray(actual) || actual.length !== expected.items.length)
          this.#differs(path, { actual, expected: `${expected.items.length} items` });
        else
          expected.items.forEach((item, n) => this.compare(item, { actual: actual[n], path: join(path, n) }));
        return;
      case 'fault':
        this.#compareFault(expected.faults, { actual, path });
        return;
      case 'either':
        this.#compareEither(expected, { actual, path });
        return;
      case 'open':
        for (const error of this.#errors())
          if (pathOf(error).startsWith(`${path}.`) && expected.codes.includes(codeOf(error)))
            this.#explained.add(error);
    }
  }

  /** What is wrong, including unexplained errors and errors that reveal too much. */
  finish(): string[] {
    const seen = new Set<string>();
    for (const error of this.#errors()) {
      const path = pathOf(error);
      const what = `${path}: ${codeOf(error)}: ${error.message}`;
      if (!this.#explained.has(error)) this.#problems.push(`${what} is an error without a reason`);
      if (seen.has(path)) this.#problems.push(`${what} is one of several errors of one place`);
      if (innards.test(error.message)) this.#problems.push(`${what} shows the inside of the service`);
      const { code, hvStatus } = error.extensions;
      if (statuses[String(code)] !== hvStatus)
        this.#problems.push(`${what} has the status ${String(hvStatus)}`);
      seen.add(path);
    }
    return this.#problems;
  }

  #errors(): NonNullable<Answer['errors']> {
    return this.#answer.errors ?? [];
  }

  #compareFields(fields: ReadonlyMap<string, Expectation>, { actual, path }: Place): void {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) {
      this.#differs(path, { actual, expected: 'an object' });
      return;
    }
    const keys = { actual: Object.keys(actual), expected: [...fields.keys()] };
    if (!isDeepStrictEqual(keys.actual, keys.expected)) this.#differs(path, keys);
    for (const [key, field] of fields)
      this.compare(field, { actual: (actual as Record<string, unknown>)[key], path: join(path, key) });
  }

  #compareFault(faults: readonly Fault[], { actual, path }: Place): void {
    if (actual !== null) this.#differs(path, { actual, expected: `null, because of ${listed(faults)}` });
    const told = this.#errors().filter((error) =>
      faults.some((fault) => fault.path === pathOf(error) && fault.codes.includes(codeOf(error))),
    );
    if (told.length === 0) this.#problems.push(`${path}: no error says ${listed(faults)}`);
    for (const error of told) this.#explained.add(error);
  }

  #compareEither({ tie, of }: Extract<Expectation, { is: 'either' }>, place: Place): void {
    const [before, explained] = [this.#problems, this.#explained];
    const trials = of.map(({ name, expected }) => {
      [this.#problems, this.#explained] = [[], new Set(explained)];
      this.compare(expected, place);
      return { name, problems: this.#problems, explained: this.#explained };
    });
    const fitting = trials.filter(({ problems }) => problems.length === 0);
    const [chosen] = fitting.length > 0 ? fitting : trials;
    this.#problems = [
      ...before,
      ...(chosen?.problems ?? [`${place.path}: nothing it could be was ever read`]),
    ];
    this.#explained = chosen?.explained ?? explained;
    if (fitting.length === 0) return;
    const names = fitting.map(({ name }) => name);
    const left = this.#ties.get(tie)?.filter((name) => names.includes(name)) ?? names;
    if (left.length === 0) this.#problems.push(`${place.path}: is taken from other readings than its like`);
    this.#ties.set(tie, left);
  }

  #differs(path: string, { actual, expected }: { actual: unknown; expected: unknown }): void {
    this.#problems.push(`${path}: is ${shown(actual)}, but needs to be ${shown(expected)}`);
  }
}

/** A place in an answer as a text: "hypervisor.partitions.nodes.0". */
export function join(path: string, key: string | number): string {
  return path === '' ? String(key) : `${path}.${key}`;
}

function pathOf({ path = [] }: NonNullable<Answer['errors']>[number]): string {
  return path.join('.');
}

function codeOf({ extensions: { code, reason } }: NonNullable<Answer['errors']>[number]): string {
  // The reason of a page that cannot be read is the source's own.
  return code === 'ACCESS_DENIED' ? `${code} ${String(reason)}` : String(code);
}

function isNear(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

function listed(faults: readonly Fault[]): string {
  return faults.map(({ path, codes }) => `${codes.join(' or ')} at ${path}`).join(', ');
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 200);
}
