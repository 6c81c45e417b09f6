/** Size limits of documents, checked before validation, which is expensive for large documents. */
import {
  GraphQLError,
  Kind,
  Lexer,
  Source,
  TokenKind,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type Location,
  type SelectionNode,
  type SelectionSetNode,
  type Token,
} from 'graphql';
import { HvqlError } from '../errors.ts';
import type { Limits } from '../graph/context.ts';
import { comparisonLimit, comparisonsOf } from './field-comparison.ts';

/** The limits on the size of a document. */
export type DocumentLimits = Pick<
  Limits,
  'maxTokens' | 'maxDepth' | 'maxAliases' | 'maxNameLength' | 'maxDirectives'
>;

/** LIMIT_EXCEEDED for a text with too many tokens or too long a name; null also for a text with a syntax error. */
export function textProblem(text: string, { maxTokens, maxNameLength }: DocumentLimits): GraphQLError | null {
  const lexer = new Lexer(new Source(text));
  try {
    let tokens = 0;
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
      tokens += 1;
      if (tokens > maxTokens) return problem(maxTokens, tokens, tooManyTokens);
      if (isTooLong(token, maxNameLength)) return problem(maxNameLength, token.end - token.start, tooLong);
    }
  } catch (thrown) {
    // The parser reports the syntax error.
    if (!(thrown instanceof GraphQLError)) throw thrown;
  }
  return null;
}

/** The same for a document that was parsed within the limit on tokens, and keeps them: only names are left to check. */
export function nameProblem(
  { startToken }: Location,
  { maxNameLength }: Pick<DocumentLimits, 'maxNameLength'>,
): GraphQLError | null {
  for (let token: Token | null = startToken; token !== null; token = token.next) {
    if (isTooLong(token, maxNameLength)) return problem(maxNameLength, token.end - token.start, tooLong);
  }
  return null;
}

function isTooLong({ kind, start, end }: Token, maxNameLength: number): boolean {
  return kind === TokenKind.NAME && end - start > maxNameLength;
}

/** The size of an operation or fragment, with its fragments expanded. */
interface Extent {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
}

const none: Extent = { depth: 0, aliases: 0, directives: 0 };

/** LIMIT_EXCEEDED for a document with an operation that exceeds a limit; else null. */
export function documentProblem(document: DocumentNode, limits: DocumentLimits): GraphQLError | null {
  const extents = new Extents(document);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const { depth, aliases, directives } = extents.of(definition.selectionSet);
    const own = directivesOf([definition, ...(definition.variableDefinitions ?? [])]);
    if (depth > limits.maxDepth) return problem(limits.maxDepth, depth, tooDeep);
    if (aliases > limits.maxAliases) return problem(limits.maxAliases, aliases, tooManyAliases);
    if (directives + own > limits.maxDirectives)
      return problem(limits.maxDirectives, directives + own, tooManyDirectives);
  }
  const comparisons = comparisonsOf(document);
  return comparisons > comparisonLimit ? problem(comparisonLimit, comparisons, tooManyComparisons) : null;
}

class Extents {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #known = new Map<string, Extent>();

  constructor(document: DocumentNode) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#fragments.set(definition.name.value, definition);
    }
  }

  of(set: SelectionSetNode): Extent {
    let { depth, aliases, directives } = none;
    for (const selection of set.selections) {
      const below = this.#below(selection);
      depth = Math.max(depth, below.depth);
      aliases += below.aliases;
      directives += below.directives;
    }
    return { depth, aliases, directives };
  }

  #below(selection: SelectionNode): Extent {
    const directives = selection.directives?.length ?? 0;
    switch (selection.kind) {
      case Kind.FIELD: {
        const below = selection.selectionSet === undefined ? none : this.of(selection.selectionSet);
        return {
          depth: below.depth + 1,
          aliases: below.aliases + (selection.alias === undefined ? 0 : 1),
          directives: below.directives + directives,
        };
      }
      case Kind.INLINE_FRAGMENT: {
        const below = this.of(selection.selectionSet);
        return { ...below, directives: below.directives + directives };
      }
      case Kind.FRAGMENT_SPREAD: {
        const below = this.#ofFragment(selection.name.value);
        return { ...below, directives: below.directives + directives };
      }
    }
  }

  /** Computed once for each fragment. */
  #ofFragment(name: string): Extent {
    const known = this.#known.get(name);
    const fragment = this.#fragments.get(name);
    if (known !== undefined || fragment === undefined) return known ?? none;
    // Validation rejects a fragment that spreads itself.
    this.#known.set(name, none);
    const within = this.of(fragment.selectionSet);
    const extent = { ...within, directives: within.directives + directivesOf([fragment]) };
    this.#known.set(name, extent);
    return extent;
  }
}

function directivesOf(nodes: readonly { readonly directives?: readonly DirectiveNode[] }[]): number {
  return nodes.reduce((sum, { directives = [] }) => sum + directives.length, 0);
}

function problem(
  limit: number,
  actual: number,
  format: (limit: number, actual: number) => string,
): GraphQLError {
  const error = new HvqlError('LIMIT_EXCEEDED', format(limit, actual), { limit, actual });
  return new GraphQLError(error.message, { originalError: error });
}

const tooManyComparisons = (limit: number): string =>
  `The document repeats fields or fragments so often that validation would compare more than ${limit} pairs of fields: select each field once.`;
const tooManyTokens = (limit: number): string =>
  `The document has more than ${limit} tokens, which is the maximum: use several operations.`;
const tooLong = (limit: number, actual: number): string =>
  `The document has a name of ${actual} characters, but at most ${limit} are allowed: an alias is repeated in the response for each value.`;
const tooDeep = (limit: number, actual: number): string =>
  `The operation is ${actual} fields deep, but at most ${limit} are allowed: start at a lower object, with node or partition.`;
const tooManyAliases = (limit: number, actual: number): string =>
  `The operation has ${actual} aliases, but at most ${limit} are allowed: use lists, or several operations.`;
const tooManyDirectives = (limit: number, actual: number): string =>
  `The operation has ${actual} directives, but at most ${limit} are allowed: put them on fragments.`;
