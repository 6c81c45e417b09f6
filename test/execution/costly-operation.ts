/** Random operations that are as expensive as the schema allows, from a seed, and multiplied by aliases. */
import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

/** Argument values that match objects, and some that match none. */
export interface ArgumentPool {
  readonly ids: readonly string[];
  readonly partitionIds: readonly string[];
  readonly indexes: readonly number[];
  readonly listItems: number;
}

/** An operation that aliases multiply. */
export interface CostlyOperation {
  readonly title: string;
  /** The document with this number of aliases of its field. */
  readonly query: (aliases: number) => string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Pseudo-random numbers from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  one<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('There is nothing to choose from.');
    return item;
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }
}

/** The maximum depth of random operations. */
const depthLimit = 7;

/** A random operation. */
export function costlyOperation(
  schema: GraphQLSchema,
  { random, pool }: { random: Random; pool: ArgumentPool },
): CostlyOperation {
  const query = schema.getQueryType();
  if (query == null) throw new TypeError('The schema has no queries.');
  const making = new Making({ schema, random, pool });
  const selections = making.spine(query, 0);
  return {
    title: selections(1),
    query: (aliases) => `query${making.declarations} { ${selections(aliases)} }`,
    variables: making.variables,
  };
}

type Written = (aliases: number) => string;

class Making {
  readonly #schema: GraphQLSchema;
  readonly #random: Random;
  readonly #pool: ArgumentPool;
  readonly #types: string[] = [];
  readonly variables: Record<string, unknown> = {};

  constructor(parts: { schema: GraphQLSchema; random: Random; pool: ArgumentPool }) {
    this.#schema = parts.schema;
    this.#random = parts.random;
    this.#pool = parts.pool;
  }

  get declarations(): string {
    return this.#types.length === 0 ? '' : `(${this.#types.join(', ')})`;
  }

  /** One field of a type, which may have the aliases, and below it all leaves or one more field. */
  spine(type: GraphQLObjectType, depth: number): Written {
    const random = this.#random;
    const fields = Object.values(type.getFields());
    const branches = fields.filter((field) => !isLeafType(getNamedType(field.type)));
    const leaves = fields.filter((field) => !branches.includes(field)).map((field) => this.#fieldText(field));
    if (branches.length === 0 || depth >= depthLimit || (leaves.length > 0 && random.is(0.25)))
      return this.#leaves(leaves);
    const field = random.one(
      branches.flatMap((branch) => (isLarge(branch) ? [branch, branch, branch] : branch)),
    );
    const text = this.#fieldText(field);
    const below = this.#below(field, depth);
    const some = random.is(0.3) ? leaves.join(' ') : '';
    // Aliases at one level are enough: they multiply everything below.
    if (random.is(0.5)) {
      return (aliases) => `${some} ${repeated(aliases, (n) => `a${n}: ${text} { ${below(1)} }`)}`;
    }
    return (aliases) => `${some} ${text} { ${below(aliases)} }`;
  }

  #leaves(leaves: readonly string[]): Written {
    const chosen = this.#random.is(0.5) || leaves.length === 0 ? leaves : [this.#random.one(leaves)];
    const name = '__typename';
    return (aliases) =>
      aliases === 1 || chosen.length > 3
        ? [...chosen, ...(chosen.length === 0 ? [name] : [])].join(' ')
        : repeated(aliases, (n) => `l${n}: ${chosen[n % chosen.length] ?? name}`);
  }

  #below(field: GraphQLField<unknown, unknown>, depth: number): Written {
    const type = getNamedType(field.type);
    if (isObjectType(type)) return this.spine(type, depth + 1);
    if (!isAbstractType(type)) throw new TypeError(`${field.name} has no fields.`);
    const possible = this.#random.one(this.#schema.getPossibleTypes(type));
    const within = this.spine(possible, depth + 1);
    return (aliases) => `__typename ... on ${possible.name} { ${within(aliases)} }`;
  }

  #fieldText(field: GraphQLField<unknown, unknown>): string {
    const given = field.args.flatMap((argument) => {
      if (!isNonNullType(argument.type) && this.#random.is(0.5)) return [];
      return [`${argument.name}: ${this.#argumentText(argument)}`];
    });
    return given.length === 0 ? field.name : `${field.name}(${given.join(', ')})`;
  }

  #argumentText(argument: GraphQLArgument): string {
    const name = `v${this.#types.length}`;
    this.#types.push(`$${name}: ${String(argument.type)}`);
    this.variables[name] = this.#valueOf(argument.name, argument.type);
    return `$${name}`;
  }

  #valueOf(name: string, type: GraphQLInputType): unknown {
    const random = this.#random;
    const { ids, partitionIds, indexes, listItems } = this.#pool;
    const named = getNamedType(type);
    if (isInputObjectType(named)) {
      const fields = Object.values(named.getFields());
      return Object.fromEntries(fields.map((field) => [field.name, this.#valueOf(field.name, field.type)]));
    }
    if (isEnumType(named)) return random.one(named.getValues()).name;
    const isMissing = random.is(0.4);
    switch (name) {
      case 'ids':
        return Array.from({ length: random.one([10, listItems]) }, (_, n) =>
          isMissing ? `${random.one(ids)}${n}` : random.one(ids),
        );
      case 'indexes':
        return Array.from({ length: random.one([10, listItems]) }, (_, n) =>
          isMissing ? listItems * 2 - n : random.one(indexes),
        );
      case 'index':
        return isMissing ? 99_999 : random.one(indexes);
      case 'first':
      case 'last':
        return random.one([0, 1, 100, 100]);
      case 'over':
        return '1s';
      case 'after':
      case 'before':
        return isMissing ? 'x' : random.one(ids);
      case 'name':
        return random.one(['Query', 'VirtualProcessorCounters', 'Nothing']);
      default:
    }
    switch (named.name) {
      case 'ID':
        return isMissing ? 'x' : random.one(ids);
      case 'UInt64':
        return isMissing ? '999999999' : random.one(partitionIds);
      case 'Int':
        return random.below(100);
      case 'Boolean':
        return random.is(0.5);
      default:
        return null;
    }
  }
}

/** Whether a field returns many objects or leads to some. */
function isLarge({ type, name }: GraphQLField<unknown, unknown>): boolean {
  return isListType(getNullableType(type)) || name === 'hypervisor' || name === 'partitions';
}

function repeated(count: number, text: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => text(n)).join(' ');
}
