/** One event of a subscription: an execution over one tick, for all streams that had the same event before it. */
import { execute, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { GrantedPartition } from '../../access/access.ts';
import { accessOf, type AccessTo } from '../../access/access-of.ts';
import type { Caller } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import type { Limits, View } from '../../graph/context.ts';
import type { LiveEvent } from '../../graph/type/subscription.ts';
import type { SnapshotReader } from '../../sampling/read/snapshot-reader.ts';
import { mapMaybePromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import type { Topology } from '../../snapshot/topology.ts';
import { writtenDataOf } from '../../writer/written-data.ts';
import { writtenOrNull } from '../execute.ts';

/** What an event is made of. */
export interface LiveEventParts {
  readonly caller: Caller;
  readonly limits: Limits;
  readonly sourceKind: () => string;
  readonly topology: Topology | HvqlError;
  readonly reader: SnapshotReader;
  /** Whether there was an event before, in which the partition was there. */
  readonly isFirst: boolean;
  /** Whether events are written as bytes. */
  readonly writesBytes: boolean;
  /** Whether the event may take long to write, so that other work has to run in between. */
  readonly isLarge: boolean;
  /** Makes the caller's access, where it is not the one that all share. */
  readonly accessTo?: AccessTo;
}

/** What came of an event. */
export interface LiveResult {
  readonly result: ExecutionResult;
  /** What it says, to compare with another; written when it is first asked for. */
  readonly text: string;
  /** Whether the stream ends with it. */
  readonly isLast: boolean;
  /** Whether the partition that is watched was there, and the caller may read it. */
  readonly isThere: boolean;
}

/** Executes one event, at once where nothing has to be waited for. The rights of the caller are decided anew. */
export function executeEvent(args: ExecutionArgs, parts: LiveEventParts): MaybePromise<LiveResult> {
  const event = new EventRoot(parts);
  const liveArgs = { ...args, rootValue: event };
  const { isLarge } = parts;
  const written = parts.writesBytes ? writtenOrNull(liveArgs, { isLarge }) : null;
  const executed = mapMaybePromise(written, (there) => there ?? execute(liveArgs));
  return mapMaybePromise(executed, (result) => {
    // It goes to all who watch, each in its own time.
    writtenDataOf(result)?.detach();
    return new ExecutedEvent(result, event);
  });
}

/** Holds on to nothing of what it was made of, since it is there until the next one. */
class ExecutedEvent implements LiveResult {
  readonly result: ExecutionResult;
  readonly isLast: boolean;
  readonly isThere: boolean;
  #text: string | undefined;

  constructor(result: ExecutionResult, { isLast, isThere }: Pick<LiveResult, 'isLast' | 'isThere'>) {
    this.result = result;
    this.isLast = isLast;
    this.isThere = isThere;
  }

  get text(): string {
    return (this.#text ??= textOf(this.result));
  }
}

/** An event that no execution made, and that ends its stream. */
export function finalEvent(result: ExecutionResult): LiveResult {
  return { result, text: JSON.stringify(result), isLast: true, isThere: false };
}

/** What an event with these parts is planned with. */
export function eventRoot(parts: LiveEventParts): LiveEvent {
  return new EventRoot(parts);
}

/** That a source is still away says the same, however often it was tried and whenever it is tried again. */
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
    const { caller, topology, reader, limits, sourceKind, accessTo = accessOf } = this.#parts;
    if (topology instanceof HvqlError) throw topology;
    return { access: accessTo(caller, topology), reader, limits, sourceKind };
  }

  partition(id: bigint | null): GrantedPartition {
    const { access } = this.view();
    const partitionId = id ?? this.#parts.caller.partitionId;
    try {
      const partition = access.partition(partitionId);
      this.isThere = true;
      return partition;
    } catch (error) {
      this.isLast = true;
      const isGone = !this.#parts.isFirst && access.topology.partition(partitionId) === undefined;
      // Who has been given its events knows that it was there.
      throw isGone ? new HvqlError('PAGE_UNAVAILABLE', `Partition ${partitionId} has gone.`) : error;
    }
  }
}
