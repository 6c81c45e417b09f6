/** What makes two subscriptions the same. */
import { getOperationAST, type DocumentNode, type ExecutionArgs } from 'graphql';
import type { Caller } from '../../access/caller.ts';

const documentNumbers = new WeakMap<DocumentNode, number>();
let documents = 0;

/** The declared variables of an operation only: a request may contain others of any size, which a stream must not keep. */
export function declaredVariables({ document, operationName, variableValues }: ExecutionArgs): Variables {
  const given = variableValues ?? {};
  const declared = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  const names = declared.map(({ variable }) => variable.name.value);
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(given, name)).map((name) => [name, given[name]]),
  );
}

type Variables = NonNullable<ExecutionArgs['variableValues']>;

/** A key that is equal for equal subscriptions of callers with equal rights. */
export function subscriptionKey(
  { document, operationName, variableValues }: ExecutionArgs,
  caller: Caller,
): string {
  let number = documentNumbers.get(document);
  if (number === undefined) documentNumbers.set(document, (number = documents += 1));
  const rights = [caller.partitionId.toString(), ...[...caller.privileges].sort()];
  return JSON.stringify([number, operationName ?? null, variableValues ?? {}, rights]);
}
