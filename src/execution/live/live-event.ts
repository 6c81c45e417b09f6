/** One event of a subscription: an execution over one tick, shared by all streams with the same previous event. */
import { execute, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import { type GrantedPartition, accessOf, type AccessTo } from '../../access/access.ts';
import type { Caller } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import type { Limits, View } from '../../graph/context.ts';
import type { LiveEvent } from '../../graph/type/subscription.ts';
import type { SnapshotReader } from '../../sampling/read/snapshot-reader.ts';
import { mapMaybePromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import type { Topology } from '../../snapshot/topology.ts';
import { writtenDataOf } from '../../writer/written-data.ts';
import { writtenOrNull } from '../execute.ts';
import { valuesOfError } from '../plan.ts';

/** The inputs of an event. */
export interface LiveEventParts {
  readonly caller: Caller;
  readonly limits: Limits;
  readonly host: string;
  readonly sourceKind: () => string;
  readonly topology: Topology | HvqlError;
  readonly reader: SnapshotReader;
  /** Whether no earlier event had the partition. */
  readonly isFirst: boolean;
  /** Whether events are written as bytes. */
  readonly writesBytes: boolean;
  /** How many values it has. */
  readonly values: number;
  /** Whether writing may take long, so that other work must run in between. */
  readonly isLarge: boolean;
  /** Creates the caller's access, if it is not the shared one. */
  readonly accessTo?: AccessTo;
}

/** The result of an event. */
export interface LiveResult {
  readonly result: ExecutionResult;
  /** How many values it has, for the budget of callers. */
  readonly values: number;
  /** Its content as a text to compare with another event; created on first access. */
  readonly text: string;
  /** Whether it is the last event of its stream. */
  readonly isLast: boolean;
  /** Whether the partition of the subscription exists and the caller may read it. */
  readonly isThere: boolean;
}

/** Executes one event; synchronously if it need not wait. Decides the rights of the caller again. */
export function executeEvent(args: ExecutionArgs, parts: LiveEventParts): MaybePromise<LiveResult> {
  const event = new EventRoot(parts);
  const liveArgs = { ...args, rootValue: event };
  const { isLarge } = parts;
  const written = parts.writesBytes ? writtenOrNull(liveArgs, { isLarge }) : null;
  const executed = mapMaybePromise(written, (there) => there ?? execute(liveArgs));
  return mapMaybePromise(executed, (result) => {
    // All streams share it, and each sends it at its own pace.
    writtenDataOf(result)?.detach();
    const { isLast, isThere } = event;
    return new ExecutedEvent(result, { isLast, isThere, values: parts.values });
  });
}

/** Keeps no reference to its inputs, because it lives until the next event. */
class ExecutedEvent implements LiveResult {
  readonly result: ExecutionResult;
  readonly isLast: boolean;
  readonly isThere: boolean;
  readonly values: number;
  #text: string | undefined;

  constructor(result: ExecutionResult, facts: Pick<LiveResult, 'isLast' | 'isThere' | 'values'>) {
    const { isLast, isThere, values } = facts;
    this.result = result;
    this.values = values;
    this.isLast = isLast;
    this.isThere = isThere;
  }

  get text(): string {
    return (this.#text ??= textOf(this.result));
  }
}

/** An event without an execution that ends its stream. */
export function finalEvent(result: ExecutionResult): LiveResult {
  return { result, values: valuesOfError, text: JSON.stringify(result), isLast: true, isThere: false };
}

/** The root value to plan an event with these inputs. */
export function eventRoot(parts: LiveEventParts): LiveEvent {
  return new EventRoot(parts);
}

/** Errors of an unavailable source are equal, whenever the next attempt is due. */
function textOf(result: ExecutionResult): string {
  const { data, errors } = result;
  const texts = errors?.map((error: GraphQLError) => {
    const { code, retryInMilliseconds } = error.extensions;
    return retryInMilliseconds === undefined ? error : { path: error.path, code };
  });
  const written = writtenDataOf(result);
  return JSON.stringify(texts ?? []) + (written?.bytes.toString() ?? JSON.stringify(data ?? null));
}

class EventRoot implements LiveEvent {
  readonly #parts: LiveEventParts;
  isLast = false;
  isThere = false;

  constructor(parts: LiveEventParts) {
    this.#parts = parts;
  }

  view(): View {
    const { caller, topology, reader, limits, host, sourceKind, accessTo = accessOf } = this.#parts;
    if (topology instanceof HvqlError) throw topology;
    return { access: accessTo(caller, topology), reader, limits, host, sourceKind };
  }

  partition(id: bigint | null): GrantedPartition {
    const { access } = this.view();
    const partitionId = id ?? access.caller.partitionId;
    try {
      const partition = access.partition(partitionId);
      this.isThere = true;
      return partition;
    } catch (error) {
      this.isLast = true;
      const isGone = !this.#parts.isFirst && access.topology.partition(partitionId) === undefined;
      // Streams that had events of the partition know that it existed.
      throw isGone ? new HvqlError('PAGE_UNAVAILABLE', `Partition ${partitionId} has gone.`) : error;
    }
  }
}
