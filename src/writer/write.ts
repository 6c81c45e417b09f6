/** Answers an operation with bytes: the same that graphql-js and JSON.stringify would come to. */
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

/** What an answer is written with. */
export interface Writing {
  /** That of the operation and its variables. */
  readonly selection: Selection;
  /** Where the pattern of such answers is kept, where one is worth it, and the look that they are read from. */
  readonly templated?: { readonly cached: CachedTemplate; readonly reader: SnapshotReader } | null;
  /** The context over another look. */
  readonly contextWith?: (reader: SnapshotReader) => unknown;
  /** Whether it may take long, so that other work has to run in between. */
  readonly isLarge?: boolean;
  /** Called when it goes on after other work has run. What it throws, the result rejects with. */
  readonly onResume?: () => void;
}

/**
 * The result of an operation over a context in which nothing has to be waited for any more, its data written; null
 * where it has to be left to graphql-js. A promise only where it is large.
 */
export function writeResult(args: ExecutionArgs, writing: Writing): MaybePromise<ExecutionResult | null> {
  const sink = acquireSink();
  const fail = (thrown: unknown): never => {
    releaseSink(sink);
    throw thrown;
  };
  try {
    if (writesTemplate(sink, args, writing)) return resultOf(sink, []);
    const errors = runInSlices(walk(sink, args, writing), writing.onResume);
    return errors instanceof Promise
      ? errors.then((late) => resultOf(sink, late), fail)
      : resultOf(sink, errors);
  } catch (thrown) {
    return fail(thrown);
  }
}

/** What was written, with its errors; null for graphql-js where there are none to say. */
function resultOf(sink: ByteSink, errors: readonly GraphQLError[] | null): ExecutionResult | null {
  if (errors !== null && sink.length > 0)
    return writtenResult(new WrittenData(sink.written(), () => releaseSink(sink)), errors);
  releaseSink(sink);
  return errors === null ? null : writtenResult(null, errors);
}

/** Whether there is a pattern, and the answer could be written by it. */
function writesTemplate(
  sink: ByteSink,
  { contextValue: context }: ExecutionArgs,
  { templated: templated = null }: Writing,
): boolean {
  if (templated === null) return false;
  const { cached, reader } = templated;
  if (cached.template?.write(sink, { reader, context }) === true) return true;
  sink.length = 0;
  return false;
}

/** Writes the answer. The errors beside what was written, which is nothing where there is no data; null for graphql-js. */
function* walk(
  sink: ByteSink,
  args: ExecutionArgs,
  writing: Writing,
): SlicedWork<readonly GraphQLError[] | null> {
  const { schema, document, operationName, rootValue } = args;
  const { selection, templated: templated = null, contextWith, isLarge = false } = writing;
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
    // A field that must not be null is: there is no data at all. Where it is another error, graphql-js finds it too.
    const error = writer.errorOf(thrown);
    errors = error === null ? null : [...writer.errors, error];
  }
  if (recorder !== null)
    templated?.cached.offer(errors?.length === 0 ? recorder.template(sink.written()) : null);
  return errors;
}
