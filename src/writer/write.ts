/** Answers an operation with bytes: the same that graphql-js and JSON.stringify would come to. */
import { getOperationAST, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { AnswerWriter } from './answer-writer.ts';
import { ConstantBytes } from './byte-sink.ts';
import { prepareSet } from './prepared-set.ts';
import type { Selection } from './selection.ts';
import { lendSink, takeBack } from './sink-pool.ts';
import { WrittenData, writtenResult } from './written-data.ts';

const answerStart = new ConstantBytes('{"data":');
const answerEnd = new ConstantBytes('}');
/** Below, a copy costs less than memory that others have to wait for. */
const longestCopy = 65_536;

/**
 * The result of an operation over a context in which nothing has to be waited for any more, its data written; null
 * where it has to be left to graphql-js. The selection is that of the operation and its variables.
 */
export function writeResult(args: ExecutionArgs, selection: Selection): ExecutionResult | null {
  const { schema, document, operationName, rootValue, contextValue } = args;
  const operation = getOperationAST(document, operationName);
  const type = operation == null ? undefined : schema.getRootType(operation.operation);
  if (operation == null || type == null) return null;
  const sink = lendSink();
  let isLent = false;
  try {
    const writer = new AnswerWriter(sink, contextValue);
    sink.constant(answerStart);
    try {
      const set = selection.setOf(type, [operation.selectionSet]);
      writer.writeSet(prepareSet(set, { schema, selection }), rootValue);
    } catch (thrown) {
      // A field that must not be null is: there is no data at all. Where it is another error, graphql-js finds it too.
      const error = writer.errorOf(thrown);
      if (error === null) return null;
      return writtenResult(null, [...writer.errors, error]);
    }
    sink.constant(answerEnd);
    isLent = sink.length > longestCopy;
    const answer = isLent ? sink.written() : Buffer.from(sink.written());
    return writtenResult(new WrittenData(answer, isLent ? () => takeBack(sink) : null), writer.errors);
  } finally {
    if (!isLent) takeBack(sink);
  }
}
