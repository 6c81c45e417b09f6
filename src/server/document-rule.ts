/** What a document has to keep to before any of it runs. */
import { GraphQLError, specifiedRules, type ValidationRule } from 'graphql';

/** graphql-js finds out that a schema has no such operations when it is to run one, and has no code for it. */
const operationTypeRule: ValidationRule = (context) => ({
  OperationDefinition: (node) => {
    if (context.getSchema().getRootType(node.operation) != null) return;
    const message = `The schema has no operations of the type ${node.operation}.`;
    context.reportError(new GraphQLError(message, { nodes: node }));
  },
});

/** The rules of the specification, and one that it takes for granted. */
export const documentRules: readonly ValidationRule[] = [...specifiedRules, operationTypeRule];
