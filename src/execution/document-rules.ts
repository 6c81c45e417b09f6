/** The rules that documents are validated by, and which of them a document needs. */
import {
  FragmentsOnCompositeTypesRule,
  GraphQLError,
  Kind,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  KnownTypeNamesRule,
  NoFragmentCyclesRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  PossibleFragmentSpreadsRule,
  specifiedRules,
  TokenKind,
  UniqueArgumentNamesRule,
  UniqueDirectivesPerLocationRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueVariableNamesRule,
  ValuesOfCorrectTypeRule,
  VariablesAreInputTypesRule,
  VariablesInAllowedPositionRule,
  type DocumentNode,
  type Token,
  type ValidationRule,
} from 'graphql';

/** graphql-js finds a type of operation that the schema lacks only at execution, and has no code for it. */
const operationTypeRule: ValidationRule = (context) => ({
  OperationDefinition: (node) => {
    if (context.getSchema().getRootType(node.operation) != null) return;
    const message = `The schema has no operations of the type ${node.operation}.`;
    context.reportError(new GraphQLError(message, { nodes: node }));
  },
});

/** The rules of the specification, and one that it assumes. */
export const documentRules: readonly ValidationRule[] = [...specifiedRules, operationTypeRule];

const { AT: directive, DOLLAR: variable, PAREN_L: argument, SPREAD: fragment } = TokenKind;

/** The tokens of which a document of operations has one where the rule can find anything; other rules always can. */
const tokensOfRule = new Map<ValidationRule, readonly TokenKind[]>([
  [FragmentsOnCompositeTypesRule, [fragment]],
  [UniqueFragmentNamesRule, [fragment]],
  [KnownFragmentNamesRule, [fragment]],
  [NoUnusedFragmentsRule, [fragment]],
  [PossibleFragmentSpreadsRule, [fragment]],
  [NoFragmentCyclesRule, [fragment]],
  [VariablesAreInputTypesRule, [variable]],
  [UniqueVariableNamesRule, [variable]],
  [NoUndefinedVariablesRule, [variable]],
  [NoUnusedVariablesRule, [variable]],
  [VariablesInAllowedPositionRule, [variable]],
  [KnownDirectivesRule, [directive]],
  [UniqueDirectivesPerLocationRule, [directive]],
  [KnownArgumentNamesRule, [argument]],
  [UniqueArgumentNamesRule, [argument]],
  [ValuesOfCorrectTypeRule, [argument]],
  [UniqueInputFieldNamesRule, [argument]],
  [KnownTypeNamesRule, [fragment, variable]],
]);

/**
 * Those of the rules that can find something in a document that has just been parsed. graphql-js prepares every rule for
 * every kind of node: for a short document that takes several times as long as the validation itself.
 */
export function rulesFor(
  { definitions, loc }: DocumentNode,
  rules: readonly ValidationRule[],
): readonly ValidationRule[] {
  if (loc === undefined || definitions.some(({ kind }) => kind !== Kind.OPERATION_DEFINITION)) return rules;
  const tokens = new Set<TokenKind>();
  for (let token: Token | null = loc.startToken; token !== null; token = token.next) tokens.add(token.kind);
  return rules.filter((rule) => tokensOfRule.get(rule)?.some((kind) => tokens.has(kind)) ?? true);
}
