/** Runs an operation: plans it, rejects it if it is too expensive, reads one snapshot, and executes it. */
import { execute, getOperationAST, GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Caller } from '../access/caller.ts';
import { recordingAccess } from '../access/recording-access.ts';
import { HvqlError } from '../errors.ts';
import { OperationContext, type GraphContext, type ServiceFacts } from '../graph/context.ts';
import type { SnapshotReader, ReadRequest } from '../sampling/read/snapshot-reader.ts';
import { PlanningSnapshotReader } from '../sampling/read/planning-snapshot-reader.ts';
import type { OperationSnapshotReader } from '../sampling/read/operation-snapshot-reader.ts';
import { unlimitedBudget, type ValueBudget } from '../limits/value-budget.ts';
import type { RetainedText } from '../limits/usage.ts';
import { WaitingQuota } from '../limits/waiting-quota.ts';
import { mapMaybePromise, type MaybePromise } from '../lib/maybe-promise.ts';
import { eventLoop } from '../sampling/schedule/fair-schedule.ts';
import { otherWork, sliceMilliseconds } from '../sampling/schedule/time-slice.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { selectionOf } from '../writer/selection.ts';
import { CachedTemplate } from '../writer/response-template.ts';
import { writeFromTemplate, writeResult, type WriteOptions } from '../writer/write.ts';
import { costProblem } from './cost.ts';
import { OperationDeadline } from './query/deadline.ts';
import { introspectionProblem } from './introspection.ts';
import { planOperation } from './plan.ts';
import { PreparedOperations, type Planned, type PreparedOperation } from './query/prepared-operation.ts';
import { ResponseCache } from './query/response-cache.ts';

/** The service that operations run in. */
export interface ServiceContext {
  readonly sampler: Sampler;
  readonly service: ServiceFacts;
  /** Whether responses and events are written as bytes. If not, graphql-js creates objects with the same content. */
  readonly writesBytes?: boolean;
}

/** A request to run an operation: the caller and its budget, and a signal that aborts it. */
export interface OperationRequest {
  readonly caller: Caller;
  /** @default an unlimited one */
  readonly budget?: ValueBudget;
  /** From when its time counts, by `performance.now()`. @default when it is executed */
  readonly takenAt?: number | null;
  readonly signal: AbortSignal;
  /** Whether it waits for a second reading of objects that have just appeared. @default true */
  readonly waitsForNew?: boolean;
  /** Called before the operation waits for a second reading, with the longest time that it waits. */
  readonly onSecondReading?: (milliseconds: number) => void;
}

/** The context of one operation and its deadline. */
export interface ExecutionContext extends GraphContext {
  readonly caller: Caller;
  readonly deadline: OperationDeadline;
  readonly budget: ValueBudget;
  /** The snapshot reader of the operation. Only this folder requests reads from it. */
  readonly reader: OperationSnapshotReader;
  readonly writesBytes: boolean;
  readonly state: SharedState;
  /** Tells the transport that the operation waits for a second reading, and for how long at most. */
  onSecondReading(milliseconds: number): void;
}

/** What the operations of one service share: the work that later ones reuse, and how many wait. */
interface SharedState {
  readonly operations: PreparedOperations;
  readonly responses: ResponseCache;
  readonly waiting: WaitingQuota;
}

const sharedStates = new WeakMap<ServiceContext, SharedState>();

function sharedStateOf(context: ServiceContext): SharedState {
  let state = sharedStates.get(context);
  if (state === undefined) {
    state = {
      operations: new PreparedOperations(),
      responses: new ResponseCache(context.sampler),
      waiting: new WaitingQuota(context.service.limits),
    };
    sharedStates.set(context, state);
  }
  return state;
}

/** The context of one operation. */
export function operationContext(context: ServiceContext, request: OperationRequest): ExecutionContext {
  return new LazyContext(context, request);
}

/** A context whose parts are made on first use: a response that is shared needs none of them. */
class LazyContext implements ExecutionContext {
  readonly caller: Caller;
  readonly budget: ValueBudget;
  readonly writesBytes: boolean;
  readonly state: SharedState;
  readonly #context: ServiceContext;
  readonly #request: OperationRequest;
  #deadline: OperationDeadline | null = null;
  #reader: OperationSnapshotReader | null = null;
  #operation: OperationContext | null = null;

  constructor(context: ServiceContext, request: OperationRequest) {
    this.caller = request.caller;
    this.budget = request.budget ?? unlimitedBudget;
    this.writesBytes = context.writesBytes ?? true;
    this.state = sharedStateOf(context);
    this.#context = context;
    this.#request = request;
  }

  onSecondReading(milliseconds: number): void {
    this.#request.onSecondReading?.(milliseconds);
  }

  get deadline(): OperationDeadline {
    return (this.#deadline ??= new OperationDeadline(this.#request));
  }

  get reader(): OperationSnapshotReader {
    return (this.#reader ??= this.#context.sampler.readerFor(this.deadline, this.#request.waitsForNew));
  }

  get operation(): OperationContext {
    if (this.#operation === null) {
      const { caller, deadline, reader } = this;
      const { sampler, service } = this.#context;
      const topology = (lists: ReadonlySet<bigint> | null) => sampler.topologyFor(deadline, lists);
      this.#operation = new OperationContext({ caller, service, reader, topology });
    }
    return this.#operation;
  }
}

/**
 * Executes an operation like graphql-js, with a context from `operationContext`; synchronously if it need not wait.
 * Equal operations with equal rights on one snapshot may return the same result object.
 */
export function executeOperation(args: ExecutionArgs): MaybePromise<ExecutionResult> {
  // graphql-js leaves the type of contexts to its users.
  const context = args.contextValue as ExecutionContext;
  const { state, caller, budget } = context;
  const prepared = state.operations.of(args);
  const shared = prepared === null ? null : state.responses.get({ caller, prepared });
  if (shared !== null) {
    budget.charge(shared.values, true);
    return shared.result;
  }
  const { deadline } = context;
  try {
    const result = executeInTime(args, prepared);
    if (result instanceof Promise) return result.finally(() => deadline.stop());
    deadline.stop();
    return result;
  } catch (error) {
    deadline.stop();
    if (error instanceof HvqlError) return refused(error);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- rethrows any value
    return Promise.reject(error);
  }
}

function executeInTime(
  args: ExecutionArgs,
  prepared: PreparedOperation | null,
): MaybePromise<ExecutionResult> {
  const { operation, deadline } = args.contextValue as ExecutionContext;
  deadline.start(operation.service.limits.maxTimeMilliseconds);
  const known = prepared === null ? args : withVariables(args, prepared.variableValues);
  const result = mapMaybePromise(introspectionProblem(args.document, operation), (refusal) => {
    if (refusal !== null) return refused(refusal);
    const make = (): MaybePromise<Planned> => makePlan(known);
    return mapMaybePromise(prepared === null ? make() : prepared.planFor(operation, make), (ready) =>
      executePlanned(known, { planned: ready, prepared }),
    );
  });
  return result instanceof Promise ? result.catch(refusedInTime) : result;
}

/** Copies the fields one by one: spreading is slow for arguments of several shapes. */
function withVariables(args: ExecutionArgs, variableValues: ExecutionArgs['variableValues']): ExecutionArgs {
  return {
    schema: args.schema,
    document: args.document,
    rootValue: args.rootValue,
    contextValue: args.contextValue,
    variableValues,
    operationName: args.operationName,
    fieldResolver: args.fieldResolver,
    typeResolver: args.typeResolver,
  };
}

/** The time may be over before anything is read: then the error is the result. */
function refusedInTime(thrown: unknown): ExecutionResult {
  if (thrown instanceof HvqlError) return refused(thrown);
  throw thrown;
}

/** How many samples there are counts as well, so an operation is planned again once its past is there. */
function makePlan(args: ExecutionArgs): MaybePromise<Planned> {
  const { reader } = args.contextValue as ExecutionContext;
  return mapMaybePromise(planOnce(args), (planned) => {
    const fetching = planned.problem === null ? reader.fetchPast() : null;
    return fetching === null ? planned : fetching.then(() => planOnce(args));
  });
}

function planOnce(args: ExecutionArgs): MaybePromise<Planned> {
  const context = args.contextValue as ExecutionContext;
  const { operation, reader, deadline } = context;
  const { limits } = operation.service;
  const planning = new PlanningSnapshotReader(reader.defaultOver, reader.history);
  const lists = new Set<bigint>();
  const contextValue: GraphContext = { operation: operation.withReader(planning, recordingAccess(lists)) };
  const plan = planOperation(
    { ...args, contextValue },
    { reader: planning, maxValues: limits.maxValues, onResume: () => deadline.check() },
  );
  return mapMaybePromise(plan, (ready) => ({
    plan: ready,
    problem: costProblem(ready, limits),
    waitMilliseconds: longestWait(ready.requests, reader.defaultOver),
    template: new CachedTemplate(),
    lists,
    isFleeting: planning.asked.histories > 0,
  }));
}

function executePlanned(
  args: ExecutionArgs,
  { planned, prepared }: { planned: Planned; prepared: PreparedOperation | null },
): MaybePromise<ExecutionResult> {
  const { operation, deadline, budget, reader, state, writesBytes } = args.contextValue as ExecutionContext;
  const { introspection } = operation.service;
  if (planned.problem !== null) return refused(planned.problem);
  budget.charge(planned.plan.values);
  deadline.extend(planned.waitMilliseconds);
  const onResume = (): void => deadline.check();
  return mapMaybePromise(readAhead(args, planned), () => {
    if (deadline.problem !== null) return refused(deadline.problem);
    const isLarge = planned.plan.values > valuesPerSlice;
    const write = (): MaybePromise<ExecutionResult> => {
      const templated =
        prepared?.isShareable === true && !planned.isFleeting ? { cached: planned.template, reader } : null;
      const fromTemplate = writesBytes && templated !== null ? writeFromTemplate(args, templated) : null;
      if (fromTemplate !== null) return fromTemplate;
      const written = writesBytes ? writtenOrNull(args, { templated, isLarge, onResume }) : null;
      return mapMaybePromise(
        written,
        (there) => there ?? execute({ ...args, ...coercion, hideSuggestions: introspection !== 'on' }),
      );
    };
    // Reading may have used up the time slice already.
    const isDue = isLarge && deadline.hasRunFor(sliceMilliseconds);
    const result = isDue ? otherWork().then(onResume).then(write) : write();
    if (prepared === null || planned.isFleeting) return result;
    return mapMaybePromise(result, (response) => {
      const { caller, knownTopology: topology } = operation;
      const { snapshot } = reader;
      if (snapshot === null || topology === null) return response;
      const { values } = planned.plan;
      state.responses.store(response, { caller, prepared, topology, snapshot, values });
      return response;
    });
  });
}

/**
 * Waits for second readings at most until the deadline, which has an error of its own. Many operations may have waited
 * for the same readings, so each continues when the fair schedule reaches its caller.
 */
function readAhead(args: ExecutionArgs, planned: Planned): MaybePromise<void> {
  const context = args.contextValue as ExecutionContext;
  const { operation, deadline, budget, reader, state } = context;
  const reading = reader.readAhead(planned.plan.reads, () => {
    const text = retainedText(args);
    const leave = state.waiting.enter({ key: budget.key, text });
    context.onSecondReading(planned.waitMilliseconds);
    return leave;
  });
  if (!(reading instanceof Promise)) return;
  return reading
    .catch((error: unknown) => {
      if (deadline.problem === null) throw error;
    })
    .then(() => (eventLoop.isFree() ? undefined : eventLoop.turn(operation.caller.partitionId)));
}

/** What is kept of a request for as long as its operation waits or its subscription is open. */
export function retainedText({ document, variableValues }: ExecutionArgs): RetainedText {
  return {
    document,
    documentLength: document.loc?.source.body.length ?? 0,
    variablesLength: JSON.stringify(variableValues ?? {}).length,
  };
}

/** A response of up to this many values is written without letting other work run in between. */
export const valuesPerSlice = 10_000;

/** The result with its data as bytes; null if only graphql-js can execute it. A promise only for large responses. */
export function writtenOrNull(
  args: ExecutionArgs,
  { templated = null, isLarge = false, onResume = ignore }: Omit<WriteOptions, 'selection' | 'contextWith'>,
): MaybePromise<ExecutionResult | null> {
  const operation = getOperationAST(args.document, args.operationName);
  const selection = operation == null ? null : selectionOf(operation, args);
  if (selection === null) return null;
  const { operation: context } = args.contextValue as GraphContext;
  const contextWith = (reader: SnapshotReader): GraphContext => ({ operation: context.withReader(reader) });
  return writeResult(args, { selection, templated, contextWith, isLarge, onResume });
}

function ignore(): void {}

/** The maximum number of reported variable errors: graphql-js prints the whole variable in each. */
export const coercion = { options: { maxCoercionErrors: 5 } } as const;

/** The longest interval that the operation asks to wait for. */
function longestWait(requests: readonly ReadRequest[], defaultOver: ReadRequest['over']): number {
  return requests.reduce((longest, { over }) => {
    const wait = over === 'PREVIOUS_EVENT' ? defaultOver : over;
    return typeof wait === 'number' ? Math.max(longest, wait) : longest;
  }, 0);
}

/** The result of an operation that was rejected before it ran. */
export function refused(problem: HvqlError): ExecutionResult {
  return { errors: [new GraphQLError(problem.message, { originalError: problem })] };
}
