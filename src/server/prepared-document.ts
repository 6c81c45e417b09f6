/** Documents on their way from text to what can run: parsed and validated once a text. */
import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidationRule,
} from 'graphql';
import { documentProblem, textProblem, type DocumentLimits } from '../execution/document-limit.ts';
import type { Introspection } from '../graph/context.ts';
import { documentCache } from './document-cache.ts';
import { documentRules } from './document-rule.ts';

/** What documents are checked against: the same for whatever brought them. */
export interface PreparationOptions {
  readonly schema: GraphQLSchema;
  readonly limits: DocumentLimits;
  readonly introspection: Introspection;
}

/** Prepares the document of a text; what it gives knows nothing of who asks, and is the same for the same text. */
export type Prepare = (text: string) => PreparedDocument | Unparsable;

/** A text that is no document. */
export interface Unparsable {
  readonly document: null;
  readonly errors: readonly GraphQLError[];
}

/** Mistakes of a document that are told; there are hardly more to learn from. */
const validationErrorLimit = 20;
/**
 * Characters of documents that are kept parsed: hundreds of operations as people write them. Parsed, a character takes
 * up to 400 bytes (`{a{a}a`), so that the worst that strangers can fill this with is 50 MB.
 */
const keptCharacters = 131_072;
/**
 * Characters of a document in which errors say where they are. graphql-js counts the lines from the start for each one,
 * and there may be thousands.
 */
const locatedCharacters = 16_384;

/** Prepares documents for a schema. Neither their number nor their length fills the memory. */
export function preparation({ schema, limits, introspection }: PreparationOptions): Prepare {
  const rules = introspection === 'off' ? [...documentRules, NoSchemaIntrospectionCustomRule] : documentRules;
  const hideSuggestions = introspection !== 'on';
  const check = (document: DocumentNode): readonly GraphQLError[] =>
    validationErrors(document, { schema, limits, rules, hideSuggestions });
  const documents = documentCache<PreparedDocument>(keptCharacters);
  const mistakes = documentCache<Unparsable>(keptCharacters);
  return (text) => {
    const known = documents.get(text) ?? mistakes.get(text);
    if (known !== undefined) return known;
    const parsed = parseText(text, limits);
    if (parsed instanceof GraphQLError) {
      const unparsable = { document: null, errors: [withoutStack(parsed)] };
      mistakes.set(text, unparsable);
      return unparsable;
    }
    const prepared = new PreparedDocument(parsed, check);
    documents.set(text, prepared);
    return prepared;
  };
}

/** A document that could be parsed. */
export class PreparedDocument {
  readonly document: DocumentNode;
  readonly #check: (document: DocumentNode) => readonly GraphQLError[];
  #errors: readonly GraphQLError[] | undefined;
  /** What runs where no operation is named. */
  readonly #onlyOperation: OperationDefinitionNode | null;

  constructor(document: DocumentNode, check: (document: DocumentNode) => readonly GraphQLError[]) {
    this.document = document;
    this.#check = check;
    this.#onlyOperation = getOperationAST(document) ?? null;
  }

  /** Why it cannot run; empty where it is valid. It is validated when this is asked for the first time. */
  get errors(): readonly GraphQLError[] {
    this.#errors ??= this.#check(this.document);
    return this.#errors;
  }

  /** The operation of a name, or without one the only one; null where there is none such. */
  operation(name: unknown): OperationDefinitionNode | null {
    if (name === null || name === undefined) return this.#onlyOperation;
    return typeof name === 'string' ? (getOperationAST(this.document, name) ?? null) : null;
  }
}

function parseText(text: string, limits: DocumentLimits): DocumentNode | GraphQLError {
  const problem = textProblem(text, limits);
  if (problem !== null) return problem;
  try {
    return whereNotTooDeep(() => parse(text, { noLocation: text.length > locatedCharacters }));
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    return withCode(thrown, 'GRAPHQL_PARSE_FAILED');
  }
}

function validationErrors(document: DocumentNode, options: PreparationChecks): readonly GraphQLError[] {
  const { schema, limits, rules, hideSuggestions } = options;
  try {
    return whereNotTooDeep(() => {
      const problem = documentProblem(document, limits);
      if (problem !== null) return [problem];
      return validate(schema, document, rules, { hideSuggestions, maxErrors: validationErrorLimit });
    }).map((error) => withoutStack(withCode(error, 'GRAPHQL_VALIDATION_FAILED')));
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    return [withoutStack(thrown)];
  }
}

interface PreparationChecks extends Pick<PreparationOptions, 'schema' | 'limits'> {
  readonly rules: readonly ValidationRule[];
  readonly hideSuggestions: boolean;
}

/** graphql-js has no codes. */
function withCode(error: GraphQLError, code: string): GraphQLError {
  error.extensions['code'] ??= code;
  return error;
}

/** Errors are kept with their document, and their stacks would keep all that stood on them: 50 KB for a short text. */
function withoutStack(error: GraphQLError): GraphQLError {
  error.stack = '';
  return error;
}

/** graphql-js walks documents by recursion: nested deep enough, and within the limit of tokens, they exhaust the stack. */
function whereNotTooDeep<Result>(walk: () => Result): Result {
  try {
    return walk();
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new GraphQLError('The document is nested too deeply to be read.', {
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  }
}
