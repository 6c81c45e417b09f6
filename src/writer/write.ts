/** Answers an operation with bytes: the same that graphql-js and JSON.stringify would come to. */
import { getOperationAST, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Look } from '../sampling/look.ts';
import { PatternRecorder } from './answer-pattern.ts';
import { AnswerWriter } from './answer-writer.ts';
import { ConstantBytes, type ByteSink } from './byte-sink.ts';
import type { KeptPattern } from './kept-pattern.ts';
import { prepareSet } from './prepared-set.ts';
import { RecordingLook } from './recording-look.ts';
import type { Selection } from './selection.ts';
import { lendSink, takeBack } from './sink-pool.ts';
import { WrittenData, writtenResult } from './written-data.ts';

const answerStart = new ConstantBytes('{"data":');
const answerEnd = new ConstantBytes('}');

/** What an answer is written with. */
export interface Writing {
  /** That of the operation and its variables. */
  readonly selection: Selection;
  /** Where the pattern of such answers is kept, where one is worth it, and the look that they are read from. */
  readonly patterned?: { readonly kept: KeptPattern; readonly look: Look } | null;
  /** The context over another look. */
  readonly contextWith?: (look: Look) => unknown;
}

/**
 * The result of an operation over a context in which nothing has to be waited for any more, its data written; null
 * where it has to be left to graphql-js.
 */
export function writeResult(args: ExecutionArgs, writing: Writing): ExecutionResult | null {
  const sink = lendSink();
  let isLent = false;
  try {
    const errors = writeAnswer(sink, args, writing);
    if (errors === null) return null;
    if (sink.length === 0) return writtenResult(null, errors);
    isLent = true;
    return writtenResult(new WrittenData(sink.written(), () => takeBack(sink)), errors);
  } finally {
    if (!isLent) takeBack(sink);
  }
}

/** The errors beside what was written, which is nothing where there is no data; null for graphql-js. */
function writeAnswer(
  sink: ByteSink,
  args: ExecutionArgs,
  { selection, patterned = null, contextWith }: Writing,
): readonly GraphQLError[] | null {
  const { contextValue: context } = args;
  if (patterned !== null) {
    const { kept, look } = patterned;
    if (kept.pattern?.write(sink, { look, context }) === true) return [];
    sink.length = 0;
    if (contextWith !== undefined && kept.isWanted) {
      const recorder = new PatternRecorder(new RecordingLook(look));
      const errors = walk(
        sink,
        { ...args, contextValue: contextWith(recorder.look) },
        { selection, recorder },
      );
      kept.take(errors?.length === 0 ? recorder.pattern(sink.written()) : null);
      return errors;
    }
  }
  return walk(sink, args, { selection, recorder: null });
}

function walk(
  sink: ByteSink,
  { schema, document, operationName, rootValue, contextValue }: ExecutionArgs,
  { selection, recorder }: { selection: Selection; recorder: PatternRecorder | null },
): readonly GraphQLError[] | null {
  const operation = getOperationAST(document, operationName);
  const type = operation == null ? undefined : schema.getRootType(operation.operation);
  if (operation == null || type == null) return null;
  const writer = new AnswerWriter(sink, contextValue, recorder);
  try {
    sink.constant(answerStart);
    const set = selection.setOf(type, [operation.selectionSet]);
    writer.writeSet(prepareSet(set, { schema, selection }), rootValue);
    sink.constant(answerEnd);
    return writer.errors;
  } catch (thrown) {
    sink.length = 0;
    // A field that must not be null is: there is no data at all. Where it is another error, graphql-js finds it too.
    const error = writer.errorOf(thrown);
    return error === null ? null : [...writer.errors, error];
  }
}
