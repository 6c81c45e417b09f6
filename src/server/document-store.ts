/** Parses and validates documents, once per text. */
import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidationRule,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { HvqlError } from '../errors.ts';
import {
  documentProblem,
  nameProblem,
  textProblem,
  type DocumentLimits,
} from '../execution/document-limit.ts';
import { documentRules, rulesFor } from '../execution/document-rules.ts';
import type { Introspection } from '../graph/context.ts';

/** A text that cannot be parsed. */
interface Unparsable {
  readonly document: null;
  readonly errors: readonly [GraphQLError];
}

/** The maximum number of reported errors of a document. */
const validationErrorLimit = 20;
/** The total size of cached documents, in characters. A character takes up to 400 bytes when parsed (`{a{a}a`): at most 50 MB. */
const keptCharacters = 131_072;
/** Errors of longer documents have no locations, because graphql-js counts lines from the start for each error. */
const locatedCharacters = 16_384;

/** The fixed cost of a cached document, in characters, which bounds the number of short documents. */
export const charactersOfDocument = 512;

/** Prepares documents for a schema: one per text, shared by all callers. */
export class DocumentStore {
  readonly #options;
  readonly #rules: readonly ValidationRule[];
  readonly #documents = textCache<StoredDocument>();
  readonly #unparsable = textCache<Unparsable>();

  constructor(options: {
    readonly schema: GraphQLSchema;
    readonly limits: DocumentLimits;
    readonly introspection: Introspection;
  }) {
    this.#options = options;
    const isClosed = options.introspection === 'off';
    this.#rules = isClosed ? [...documentRules, NoSchemaIntrospectionCustomRule] : documentRules;
  }

  /** Parses a text. It is validated when its errors are first read. */
  prepare(text: string): StoredDocument | Unparsable {
    const known = this.#documents.get(text) ?? this.#unparsable.get(text);
    if (known !== undefined) return known;
    const parsed = parseText(text, this.#options.limits);
    if (parsed instanceof GraphQLError) {
      const unparsable: Unparsable = { document: null, errors: [withoutStack(parsed)] };
      this.#unparsable.set(text, unparsable);
      return unparsable;
    }
    const stored = new StoredDocument(parsed, () => this.check(parsed, rulesFor(parsed, this.#rules)));
    this.#documents.set(text, stored);
    return stored;
  }

  /** Violations of limits and validation rules; empty if the document may run. */
  check(document: DocumentNode, rules = this.#rules): readonly GraphQLError[] {
    const { schema, limits, introspection } = this.#options;
    try {
      return whereNotTooDeep(() => {
        const problem = documentProblem(document, limits);
        if (problem !== null) return [problem];
        const options = { hideSuggestions: introspection !== 'on', maxErrors: validationErrorLimit };
        return withLimitError(validate(schema, document, rules, options));
      }).map((error) => withoutStack(withCode(error, 'GRAPHQL_VALIDATION_FAILED')));
    } catch (thrown) {
      if (!(thrown instanceof GraphQLError)) throw thrown;
      return [withoutStack(thrown)];
    }
  }
}

/** If graphql-js stopped at the maximum number of errors, replaces its last error by one that names the limit. */
function withLimitError(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  if (errors.length <= validationErrorLimit) return errors;
  const message = `The document has more than ${validationErrorLimit} errors, the most that are reported: correct these first.`;
  const facts = { limit: validationErrorLimit, actual: errors.length };
  const originalError = new HvqlError('LIMIT_EXCEEDED', message, facts);
  return [...errors.slice(0, validationErrorLimit), new GraphQLError(message, { originalError })];
}

function textCache<Value extends object>(): LRUCache<string, Value> {
  return new LRUCache({
    maxSize: keptCharacters,
    sizeCalculation: (_, text) => text.length + charactersOfDocument,
  });
}

/** A parsed document. */
class StoredDocument {
  readonly document: DocumentNode;
  readonly #check: () => readonly GraphQLError[];
  #errors: readonly GraphQLError[] | undefined;
  readonly #onlyOperation: OperationDefinitionNode | null;

  constructor(document: DocumentNode, check: () => readonly GraphQLError[]) {
    this.document = document;
    this.#check = check;
    this.#onlyOperation = getOperationAST(document) ?? null;
  }

  /** Why it cannot run; empty if it is valid. */
  get errors(): readonly GraphQLError[] {
    this.#errors ??= this.#check();
    return this.#errors;
  }

  /** The operation with this name, or without a name the only operation; null if it does not exist. */
  operation(name: unknown): OperationDefinitionNode | null {
    if (name === null || name === undefined) return this.#onlyOperation;
    return typeof name === 'string' ? (getOperationAST(this.document, name) ?? null) : null;
  }

  isSubscription(name: unknown): boolean {
    return this.operation(name)?.operation === OperationTypeNode.SUBSCRIPTION;
  }
}

function parseText(text: string, limits: DocumentLimits): DocumentNode | GraphQLError {
  const { maxTokens } = limits;
  try {
    const document = whereNotTooDeep(() =>
      parse(text, { maxLexicalTokens: maxTokens, noLocation: text.length > locatedCharacters }),
    );
    const problem =
      document.loc === undefined ? textProblem(text, limits) : nameProblem(document.loc, limits);
    return problem ?? document;
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    // The parser also stops at the token limit.
    return textProblem(text, limits) ?? withCode(thrown, 'GRAPHQL_PARSE_FAILED');
  }
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  error.extensions['code'] ??= code;
  return error;
}

/** Errors are cached with their document; a stack trace would keep 50 KB in memory for a short text. */
function withoutStack(error: GraphQLError): GraphQLError {
  error.stack = '';
  return error;
}

/** graphql-js walks documents recursively, and nesting within the token limit can exhaust the stack. */
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
