/** Documents from their text to what can run: parsed and validated once, kept by their text. */
import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidationRule,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { documentProblem, textProblem, type DocumentLimits } from '../execution/document-limit.ts';
import type { Introspection } from '../graph/context.ts';

/** What documents are checked against: the same for every transport. */
export interface DocumentStoreOptions {
  readonly schema: GraphQLSchema;
  readonly limits: DocumentLimits;
  readonly introspection: Introspection;
}

/** A text that cannot be parsed. */
export interface Unparsable {
  readonly document: null;
  readonly errors: readonly [GraphQLError];
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

/**
 * What a document takes beside its text, in characters: there may be very many short ones. A parsed document takes
 * memory in proportion to its text, so that neither many callers nor long texts can fill the memory.
 */
export const charactersOfDocument = 512;

/** Prepares documents for a schema. What it gives knows nothing of who asks and is the same for the same text. */
export class DocumentStore {
  readonly #options: DocumentStoreOptions;
  readonly #rules: readonly ValidationRule[];
  readonly #documents = textCache<StoredDocument>();
  readonly #mistakes = textCache<Unparsable>();

  constructor(options: DocumentStoreOptions) {
    this.#options = options;
    const isClosed = options.introspection === 'off';
    this.#rules = isClosed ? [...documentRules, NoSchemaIntrospectionCustomRule] : documentRules;
  }

  /** The document of a text, parsed; validated when its errors are first asked for. */
  prepare(text: string): StoredDocument | Unparsable {
    const known = this.#documents.get(text) ?? this.#mistakes.get(text);
    if (known !== undefined) return known;
    const parsed = parseText(text, this.#options.limits);
    if (parsed instanceof GraphQLError) {
      const unparsable: Unparsable = { document: null, errors: [withoutStack(parsed)] };
      this.#mistakes.set(text, unparsable);
      return unparsable;
    }
    const stored = new StoredDocument(parsed, (document) => this.check(document));
    this.#documents.set(text, stored);
    return stored;
  }

  /** Why a document cannot run, by the limits and the rules of validation; empty where it can. */
  check(document: DocumentNode): readonly GraphQLError[] {
    const { schema, limits, introspection } = this.#options;
    try {
      return whereNotTooDeep(() => {
        const problem = documentProblem(document, limits);
        if (problem !== null) return [problem];
        const options = { hideSuggestions: introspection !== 'on', maxErrors: validationErrorLimit };
        return validate(schema, document, this.#rules, options);
      }).map((error) => withoutStack(withCode(error, 'GRAPHQL_VALIDATION_FAILED')));
    } catch (thrown) {
      if (!(thrown instanceof GraphQLError)) throw thrown;
      return [withoutStack(thrown)];
    }
  }
}

function textCache<Value extends object>(): LRUCache<string, Value> {
  return new LRUCache({
    maxSize: keptCharacters,
    sizeCalculation: (_, text) => text.length + charactersOfDocument,
  });
}

/** A document that could be parsed. */
export class StoredDocument {
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

  /** Why it cannot run; empty where it is valid. */
  get errors(): readonly GraphQLError[] {
    this.#errors ??= this.#check(this.document);
    return this.#errors;
  }

  /** The operation of a name, or without one the only one; null where there is no such operation. */
  operation(name: unknown): OperationDefinitionNode | null {
    if (name === null || name === undefined) return this.#onlyOperation;
    return typeof name === 'string' ? (getOperationAST(this.document, name) ?? null) : null;
  }

  /** Whether the operation of a name is a subscription. */
  isSubscription(name: unknown): boolean {
    return this.operation(name)?.operation === OperationTypeNode.SUBSCRIPTION;
  }
}

/** graphql-js notices only at execution that a schema has no such operations, and has no code for it. */
const operationTypeRule: ValidationRule = (context) => ({
  OperationDefinition: (node) => {
    if (context.getSchema().getRootType(node.operation) != null) return;
    const message = `The schema has no operations of the type ${node.operation}.`;
    context.reportError(new GraphQLError(message, { nodes: node }));
  },
});

/** The rules of the specification, and one that it takes for granted. */
export const documentRules: readonly ValidationRule[] = [...specifiedRules, operationTypeRule];

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
