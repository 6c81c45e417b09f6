/** Executes an operation to bytes: the same bytes that graphql-js and JSON.stringify would produce. */
import { getOperationAST, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { SnapshotReader } from '../sampling/read/snapshot-reader.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import { runInSlices, TimeSlice, type SlicedWork } from '../sampling/schedule/time-slice.ts';
import { TemplateRecorder, type CachedTemplate } from './response-template.ts';
import { ResponseWriter } from './response-writer.ts';
import { acquireSink, ConstantBytes, releaseSink, type ByteSink } from './byte-sink.ts';
import { prepareSet } from './prepared-set.ts';
import { RecordingSnapshotReader } from './recording-snapshot-reader.ts';
import type { Selection } from './selection.ts';
import { WrittenData, writtenResult } from './written-data.ts';

const responseStart = new ConstantBytes('{"data":');
const responseEnd = new ConstantBytes('}');

/** The cached template of responses to one planned operation, and the reader for its slots. */
export interface Templated {
  readonly cached: CachedTemplate;
  readonly reader: SnapshotReader;
}

/** Options of writing a response. */
export interface WriteOptions {
  /** The selection of the operation with its variables. */
  readonly selection: Selection;
  /** Where the response may be recorded as a template, if one is worthwhile. */
  readonly templated?: Templated | null;
  /** The context over another snapshot reader. */
  readonly contextWith?: (reader: SnapshotReader) => unknown;
  /** Whether writing may take long, so that other work must run in between. */
  readonly isLarge?: boolean;
  /** Called when writing continues after other work. The result rejects with what it throws. */
  readonly onResume?: () => void;
}

/**
 * The result of an operation whose readings are all available, with its data as bytes; null if only graphql-js can
 * execute it. A promise only for large responses.
 */
export function writeResult(
  args: ExecutionArgs,
  options: WriteOptions,
): MaybePromise<ExecutionResult | null> {
  const sink = acquireSink();
  const fail = (thrown: unknown): never => {
    releaseSink(sink);
    throw thrown;
  };
  try {
    const errors = runInSlices(walk(sink, args, options), options.onResume);
    return errors instanceof Promise
      ? errors.then((late) => resultOf(sink, late), fail)
      : resultOf(sink, errors);
  } catch (thrown) {
    return fail(thrown);
  }
}

/** The written data with its errors; null if graphql-js must execute the operation. */
function resultOf(sink: ByteSink, errors: readonly GraphQLError[] | null): ExecutionResult | null {
  if (errors !== null && sink.length > 0)
    return writtenResult(new WrittenData(sink.written(), () => releaseSink(sink)), errors);
  releaseSink(sink);
  return errors === null ? null : writtenResult(null, errors);
}

/** The result with its data from the template; null without one, or if a number of this response is not available. */
export function writeFromTemplate(
  { contextValue: context }: Pick<ExecutionArgs, 'contextValue'>,
  { cached: { template }, reader }: Templated,
): ExecutionResult | null {
  if (template === null) return null;
  const sink = acquireSink();
  try {
    if (template.write(sink, { reader, context })) return resultOf(sink, []);
  } catch (thrown) {
    releaseSink(sink);
    throw thrown;
  }
  releaseSink(sink);
  return null;
}

/** Writes the response and returns its errors; null if graphql-js must execute the operation. Without data the sink is empty. */
function* walk(
  sink: ByteSink,
  args: ExecutionArgs,
  options: WriteOptions,
): SlicedWork<readonly GraphQLError[] | null> {
  const { schema, document, operationName, rootValue } = args;
  const { selection, templated = null, contextWith, isLarge = false } = options;
  const operation = getOperationAST(document, operationName);
  const type = operation == null ? undefined : schema.getRootType(operation.operation);
  if (operation == null || type == null) return null;
  const isRecorded = templated !== null && contextWith !== undefined && templated.cached.isWanted;
  const recorder = isRecorded ? new TemplateRecorder(new RecordingSnapshotReader(templated.reader)) : null;
  const context = recorder === null ? args.contextValue : contextWith?.(recorder.reader);
  const writer = new ResponseWriter(sink, context, recorder);
  let errors: readonly GraphQLError[] | null = writer.errors;
  try {
    sink.constant(responseStart);
    const set = prepareSet(selection.setOf(type, [operation.selectionSet]), { schema, selection });
    if (isLarge) yield* writer.writeSetInSlices(set, rootValue, new TimeSlice());
    else writer.writeSet(set, rootValue);
    sink.constant(responseEnd);
  } catch (thrown) {
    sink.length = 0;
    // A non-null field at the top is null, so there is no data. graphql-js will report any other error.
    const error = writer.errorOf(thrown);
    errors = error === null ? null : [...writer.errors, error];
  }
  if (recorder !== null)
    templated?.cached.offer(errors?.length === 0 ? recorder.template(sink.written()) : null);
  return errors;
}
