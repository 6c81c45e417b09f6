/** Prepared operations: their selections, and their plans by caller and topology. */
import {
  getOperationAST,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionArgs,
  type OperationDefinitionNode,
} from 'graphql';
import { type Access, accessOf } from '../../access/access.ts';
import type { Caller } from '../../access/caller.ts';
import type { HvqlError } from '../../errors.ts';
import type { OperationContext } from '../../graph/context.ts';
import { setBounded } from '../../lib/bounded-map.ts';
import { TopologyScope } from '../../sampling/read/topology-scope.ts';
import { mapMaybePromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import { selectionOf } from '../../writer/selection.ts';
import type { CachedTemplate } from '../../writer/response-template.ts';
import type { Plan } from '../plan.ts';
import { variablesText } from './variables-text.ts';

/** The number of variable sets that are kept for one operation. */
const maxVariants = 16;

/** A plan, and what follows from it and from the limits. */
export interface Planned {
  readonly plan: Plan;
  /** Why the operation is rejected; null if it may run. */
  readonly problem: HvqlError | null;
  /** How long the operation asks to wait for second readings. */
  readonly waitMilliseconds: number;
  /** The template of the responses with this plan. */
  readonly template: CachedTemplate;
  /** The partitions whose virtual processors it lists. */
  readonly lists: ReadonlySet<bigint>;
  /** Whether it depends on what is held of the past: it is made again for each request, and no response is shared. */
  readonly isFleeting: boolean;
}

/** One operation with its variables. */
export class PreparedOperation {
  /** The variables of the first request: one object for all equal variables. */
  readonly variableValues: ExecutionArgs['variableValues'];
  /** Whether its responses depend on nothing but the snapshot, the topology and the caller. */
  readonly isShareable: boolean;
  /** By access, which is one object while rights and topology stay the same. */
  readonly #plans = new WeakMap<Access, Planned>();
  /** Plans of an operation that does not need the topology. */
  readonly #freePlans = new WeakMap<Caller, Planned>();
  #asksTopology: boolean | undefined;
  readonly #scope = new TopologyScope();

  constructor(operation: OperationDefinitionNode, args: ExecutionArgs) {
    this.variableValues = args.variableValues;
    this.isShareable = isShareable(operation, args);
  }

  /** The plan for the caller and the current topology; calls `make` if it does not exist yet. */
  planFor(context: OperationContext, make: () => MaybePromise<Planned>): MaybePromise<Planned> {
    if (this.#asksTopology === false)
      return this.#freePlans.get(context.caller) ?? this.#keep(context, make());
    if (this.#asksTopology === undefined) return this.#keep(context, make());
    context.useLists(this.#scope.lists);
    return mapMaybePromise(accessFor(context), (access) => {
      const known = access === null ? undefined : this.#plans.get(access);
      if (known !== undefined) return known;
      // The lists that a new plan needs are not known yet. If the topology failed, it is not requested again.
      if (access !== null) context.useLists(null);
      return this.#keep(context, make());
    });
  }

  #keep(context: OperationContext, making: MaybePromise<Planned>): MaybePromise<Planned> {
    return mapMaybePromise(making, (planned) => {
      this.#asksTopology = context.hasRequestedTopology;
      this.#scope.add(planned.lists);
      if (planned.isFleeting) return planned;
      const { caller, knownTopology } = context;
      if (!this.#asksTopology) this.#freePlans.set(caller, planned);
      else if (knownTopology !== null) this.#plans.set(accessOf(caller, knownTopology), planned);
      return planned;
    });
  }
}

/** The caller's access; null if the topology is not available, which planning will report. */
function accessFor(context: OperationContext): MaybePromise<Access | null> {
  try {
    const view = context.view();
    return view instanceof Promise
      ? view.then(
          ({ access }) => access,
          () => null,
        )
      : view.access;
  } catch {
    return null;
  }
}

/** Whether a query does not select `service`: the state of the source is not part of a snapshot. */
function isShareable(operation: OperationDefinitionNode, args: ExecutionArgs): boolean {
  const type = args.schema.getQueryType();
  if (operation.operation !== OperationTypeNode.QUERY || type == null) return false;
  const set = selectionOf(operation, args)?.setOf(type, [operation.selectionSet]);
  return set !== undefined && !set.fields.some(({ definition }) => definition.name === 'service');
}

/** An operation of a document, prepared once for each set of variables. */
interface Variants {
  readonly operation: OperationDefinitionNode;
  readonly byText: Map<string, PreparedOperation>;
}

const noVariables = {};

/** The prepared operations of a service, kept as long as their documents. */
export class PreparedOperations {
  readonly #documents = new WeakMap<DocumentNode, Map<string | null, Variants>>();
  /** Most requests repeat the one before. */
  #newest: {
    readonly document: DocumentNode;
    readonly name: string | null;
    readonly variants: Variants;
  } | null = null;

  /** The prepared operation; null if the document lacks it or it is not worth caching. */
  of(args: ExecutionArgs): PreparedOperation | null {
    const variants = this.#variantsOf(args);
    if (variants === null) return null;
    const { operation, byText } = variants;
    const text = textOf(operation, args);
    if (text === null) return null;
    let prepared = byText.get(text);
    if (prepared === undefined) {
      const variableValues = text === '' ? noVariables : (args.variableValues ?? noVariables);
      prepared = new PreparedOperation(operation, { ...args, variableValues });
      setBounded(byText, { key: text, value: prepared, limit: maxVariants });
    }
    return prepared;
  }

  #variantsOf({ document, operationName }: ExecutionArgs): Variants | null {
    const name = operationName ?? null;
    if (this.#newest?.document === document && this.#newest.name === name) return this.#newest.variants;
    let byName = this.#documents.get(document);
    if (byName === undefined) this.#documents.set(document, (byName = new Map<string | null, Variants>()));
    let variants = byName.get(name);
    if (variants === undefined) {
      const operation = getOperationAST(document, name);
      if (operation == null) return null;
      byName.set(name, (variants = { operation, byText: new Map<string, PreparedOperation>() }));
    }
    this.#newest = { document, name, variants };
    return variants;
  }
}

/** A text that identifies the variables. Variables that the operation does not declare have no effect. */
function textOf({ variableDefinitions }: OperationDefinitionNode, args: ExecutionArgs): string | null {
  if (variableDefinitions === undefined || variableDefinitions.length === 0) return '';
  const { variableValues } = args;
  return variableValues == null ? '{}' : variablesText(variableValues);
}
