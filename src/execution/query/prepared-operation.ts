/** Operations that are prepared once: what they select, and what they need, by who asks and what exists. */
import {
  getOperationAST,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionArgs,
  type OperationDefinitionNode,
} from 'graphql';
import type { Access } from '../../access/access.ts';
import { accessOf } from '../../access/access-of.ts';
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

/** So many variables of one operation are known at once. */
const maxVariants = 16;

/** A plan, and what follows from it and the limits. */
export interface Planned {
  readonly plan: Plan;
  /** Why it may not be run; null where it may. */
  readonly problem: HvqlError | null;
  /** How long it asks to wait for second readings. */
  readonly waitMilliseconds: number;
  /** What is the same in all answers by this plan. */
  readonly template: CachedTemplate;
  /** The partitions whose virtual processors it looks for. */
  readonly lists: ReadonlySet<bigint>;
}

/** One operation with its variables. */
export class PreparedOperation {
  /** The variables as they came the first time: the very same object for the same variables from then on. */
  readonly variableValues: ExecutionArgs['variableValues'];
  /** Whether its answers tell nothing but what a look saw, what exists and who asks. */
  readonly isShareable: boolean;
  /** By rights and what exists: both are one object for as long as they stay the same. */
  readonly #plans = new WeakMap<Access, Planned>();
  /** Of an operation that does not ask what exists. */
  readonly #freePlans = new WeakMap<Caller, Planned>();
  #asksTopology: boolean | undefined;
  readonly #asked = new TopologyScope();

  constructor(operation: OperationDefinitionNode, args: ExecutionArgs) {
    this.variableValues = args.variableValues;
    this.isShareable = isShareable(operation, args);
  }

  /** The plan for who asks and what exists now, made where there is none yet. */
  planFor(context: OperationContext, make: () => MaybePromise<Planned>): MaybePromise<Planned> {
    if (this.#asksTopology === false)
      return this.#freePlans.get(context.caller) ?? this.#keep(context, make());
    if (this.#asksTopology === undefined) return this.#keep(context, make());
    context.useLists(this.#asked.lists);
    return mapMaybePromise(accessFor(context), (access) => {
      const known = access === null ? undefined : this.#plans.get(access);
      if (known !== undefined) return known;
      // Nobody knows yet what this plan will look for; what could not be said now is not asked again.
      if (access !== null) context.useLists(null);
      return this.#keep(context, make());
    });
  }

  #keep(context: OperationContext, making: MaybePromise<Planned>): MaybePromise<Planned> {
    return mapMaybePromise(making, (planned) => {
      this.#asksTopology = context.hasRequestedTopology;
      this.#asked.add(planned.lists);
      const { caller, knownTopology } = context;
      if (!this.#asksTopology) this.#freePlans.set(caller, planned);
      else if (knownTopology !== null) this.#plans.set(accessOf(caller, knownTopology), planned);
      return planned;
    });
  }
}

/** The caller's access to what exists; null where that cannot be said: then planning comes to what it comes to. */
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

/** How the source does is no part of a look. */
function isShareable(operation: OperationDefinitionNode, args: ExecutionArgs): boolean {
  const type = args.schema.getQueryType();
  if (operation.operation !== OperationTypeNode.QUERY || type == null) return false;
  const set = selectionOf(operation, args)?.setOf(type, [operation.selectionSet]);
  return set !== undefined && !set.fields.some(({ definition }) => definition.name === 'service');
}

/** An operation of a document; its variants by the text of their variables. */
interface Variants {
  readonly operation: OperationDefinitionNode;
  readonly byText: Map<string, PreparedOperation>;
}

const noVariables = {};

/** The prepared operations of a service, for as long as their documents are kept. */
export class PreparedOperations {
  readonly #documents = new WeakMap<DocumentNode, Map<string | null, Variants>>();

  /** The operation that is to be run; null where there is none, or it is not worth to be kept. */
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
    let byName = this.#documents.get(document);
    if (byName === undefined) this.#documents.set(document, (byName = new Map<string | null, Variants>()));
    const name = operationName ?? null;
    const known = byName.get(name);
    if (known !== undefined) return known;
    const operation = getOperationAST(document, name);
    if (operation == null) return null;
    const variants = { operation, byText: new Map<string, PreparedOperation>() };
    byName.set(name, variants);
    return variants;
  }
}

/** Only what the operation declares can make a difference. */
function textOf({ variableDefinitions }: OperationDefinitionNode, args: ExecutionArgs): string | null {
  if (variableDefinitions === undefined || variableDefinitions.length === 0) return '';
  const { variableValues } = args;
  return variableValues == null ? '{}' : variablesText(variableValues);
}
