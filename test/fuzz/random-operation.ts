/** Random valid operations, generated from the schema alone, so that they include new fields. */
import {
  GraphQLNonNull,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import { oneOf, rarely, type Choose } from './choice.ts';

/** An operation and the values of its variables, as JSON has them. */
export interface RandomOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The material of operations. */
export interface OperationWorld {
  readonly schema: GraphQLSchema;
  readonly root: 'query' | 'subscription';
  readonly choose: Choose;
  /** Values for the arguments of each scalar, by its name; the first is the plainest. */
  readonly scalars: Readonly<Record<string, readonly unknown[]>>;
}

const mostFields = 40;
const mostDepth = 9;

/** An operation that is valid for the schema. */
export function randomOperation(world: OperationWorld): RandomOperation {
  return new OperationMaker(world).make();
}

class OperationMaker {
  readonly #world: OperationWorld;
  readonly #choose: Choose;
  readonly #definitions: string[] = [];
  readonly #variables: Record<string, unknown> = {};
  /** Finished ones may be spread again, so that none contains itself. */
  readonly #fragments: { readonly name: string; readonly on: GraphQLCompositeType; readonly text: string }[] =
    [];
  #fields = 0;
  #names = 0;

  constructor(world: OperationWorld) {
    this.#world = world;
    this.#choose = world.choose;
  }

  make(): RandomOperation {
    const { schema, root } = this.#world;
    const type = root === 'query' ? schema.getQueryType() : schema.getSubscriptionType();
    if (type == null) throw new TypeError(`there is no ${root}`);
    // A subscription has one field, and nothing of GraphQL's own beside it.
    const selections =
      root === 'query'
        ? this.#selectionSet(type, 1)
        : `{ ${this.#field(type, oneOf(this.#choose, fieldsOf(type)), 1)} }`;
    const definitions = this.#definitions.length === 0 ? '' : `(${this.#definitions.join(', ')})`;
    const fragments = this.#fragments.map(({ name, on, text }) => `fragment ${name} on ${on.name} ${text}`);
    return {
      query: [`${root} Random${definitions} ${selections}`, ...fragments].join('\n'),
      variables: this.#variables,
    };
  }

  #selectionSet(type: GraphQLCompositeType, depth: number): string {
    // There are many counters, and they have no selections.
    const { length } = fieldsOf(type);
    const most = length > 100 ? 25 : length > 16 ? 7 : depth < 3 ? 3 : 2;
    const count = 1 + this.#choose(most);
    const selections = Array.from({ length: count }, () => this.#selection(type, depth));
    return `{ ${selections.join(' ')} }`;
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    const isDeep = depth >= mostDepth || this.#fields >= mostFields;
    const fields = fieldsOf(type).filter((field) => !isDeep || isLeafType(getNamedType(field.type)));
    // An interface has few fields.
    const kind = this.#choose(isAbstractType(type) ? 5 : 15);
    if (fields.length === 0 || kind === 2) return `${this.#alias(4)}__typename${this.#directives()}`;
    if (!isDeep && (kind === 1 || kind === 3)) return this.#inlineFragment(type, depth);
    if (!isDeep && kind === 4) return this.#fragmentSpread(type, depth);
    return this.#field(type, oneOf(this.#choose, fields), depth);
  }

  #field(parent: GraphQLCompositeType, field: GraphQLField<unknown, unknown>, depth: number): string {
    this.#fields += 1;
    const type = getNamedType(field.type);
    const given = field.args.filter((arg) => isRequired(arg) || rarely(this.#choose, 2));
    const args = given.map((arg) => `${arg.name}: ${this.#argument(arg)}`);
    // Fields of one name are merged; with arguments they could not be.
    const alias = this.#alias(args.length > 0 ? 1 : 4);
    const isOnly = parent === this.#world.schema.getSubscriptionType();
    return [
      `${alias}${field.name}`,
      args.length === 0 ? '' : `(${args.join(', ')})`,
      isOnly ? '' : this.#directives(),
      isCompositeType(type) ? ` ${this.#selectionSet(type, depth + 1)}` : '',
    ].join('');
  }

  #inlineFragment(type: GraphQLCompositeType, depth: number): string {
    const on = this.#typeWithin(type);
    const condition = on === type && rarely(this.#choose, 2) ? '' : ` on ${on.name}`;
    return `...${condition}${this.#directives()} ${this.#selectionSet(on, depth + 1)}`;
  }

  #fragmentSpread(type: GraphQLCompositeType, depth: number): string {
    const on = this.#typeWithin(type);
    let fragment = this.#fragments.find((known) => known.on === on && rarely(this.#choose, 2));
    if (fragment === undefined) {
      const name = `F${(this.#names += 1)}`;
      fragment = { name, on, text: this.#selectionSet(on, depth + 1) };
      this.#fragments.push(fragment);
    }
    return `...${fragment.name}${this.#directives()}`;
  }

  /** A type that an object of this type may have or has. */
  #typeWithin(type: GraphQLCompositeType): GraphQLCompositeType {
    if (isAbstractType(type))
      return oneOf(this.#choose, [...this.#world.schema.getPossibleTypes(type), type]);
    return oneOf(this.#choose, [type, ...type.getInterfaces()]);
  }

  #directives(): string {
    if (!rarely(this.#choose, 8)) return '';
    const directive = oneOf(this.#choose, ['include', 'skip']);
    const on = !rarely(this.#choose, 3) === (directive === 'include');
    const condition = rarely(this.#choose, 2) ? `$${this.#variable('Boolean!', on)}` : String(on);
    return ` @${directive}(if: ${condition})`;
  }

  /** An alias, once in this many times. */
  #alias(times: number): string {
    return rarely(this.#choose, times) ? `a${(this.#names += 1)}: ` : '';
  }

  #argument(argument: GraphQLArgument | GraphQLInputField): string {
    const { type } = argument;
    if (rarely(this.#choose, 3)) {
      // A variable that may be left out gives way to the argument's default.
      if (!isRequired(argument) && !isNonNullType(type) && rarely(this.#choose, 4))
        return `$${this.#variable(String(type))}`;
      return `$${this.#variable(String(type), this.#value(type))}`;
    }
    return this.#literal(type);
  }

  #variable(type: string, ...value: readonly [unknown?]): string {
    const name = `v${(this.#names += 1)}`;
    this.#definitions.push(`$${name}: ${type}`);
    if (value.length > 0) this.#variables[name] = value[0];
    return name;
  }

  /** A value as JSON has it. */
  #value(of: GraphQLInputType): unknown {
    const type = getNullableType(of);
    if (!isNonNullType(of) && rarely(this.#choose, 12)) return null;
    if (isListType(type)) return this.#several(() => this.#value(type.ofType));
    if (isEnumType(type)) return this.#enumValue(type.getValues());
    if (isInputObjectType(type)) {
      const given = this.#givenOf(type);
      return Object.fromEntries(given.map(({ name, of }) => [name, this.#value(of)]));
    }
    return this.#scalar(type.name);
  }

  /** The same as a document has it, with variables here and there. */
  #literal(of: GraphQLInputType): string {
    const type = getNullableType(of);
    if (!isNonNullType(of) && rarely(this.#choose, 12)) return 'null';
    if (isListType(type)) {
      const item = type.ofType;
      const items = this.#several(() =>
        rarely(this.#choose, 4) ? `$${this.#variable(String(item), this.#value(item))}` : this.#literal(item),
      );
      return `[${items.join(', ')}]`;
    }
    if (isEnumType(type)) return this.#enumValue(type.getValues());
    if (isInputObjectType(type)) {
      const given = this.#givenOf(type);
      return `{ ${given.map(({ name, of, field }) => `${name}: ${this.#argument({ ...field, type: of })}`).join(', ')} }`;
    }
    return JSON.stringify(this.#scalar(type.name));
  }

  /**
   * The fields that an input has here; of a @oneOf exactly one, which is not null. Without the interval of an order: of
   * several earlier readings that may be used for it, each has another order.
   */
  #givenOf(type: GraphQLInputObjectType) {
    const fields = Object.values(type.getFields()).filter(({ name }) => name !== 'over');
    const given = type.isOneOf
      ? [oneOf(this.#choose, fields)]
      : fields.filter((field) => isRequired(field) || rarely(this.#choose, 2));
    return given.map((field) => ({
      name: field.name,
      field,
      of: type.isOneOf ? new GraphQLNonNull(getNullableType(field.type)) : field.type,
    }));
  }

  #enumValue(values: readonly { readonly name: string }[]): string {
    return oneOf(this.#choose, values).name;
  }

  #scalar(name: string): unknown {
    const values = this.#world.scalars[name];
    if (values === undefined) throw new TypeError(`no values are known for arguments of type ${name}`);
    return oneOf(this.#choose, values);
  }

  #several<Item>(make: () => Item): Item[] {
    return Array.from({ length: this.#choose(3) }, make);
  }
}

function fieldsOf(type: GraphQLCompositeType): readonly GraphQLField<unknown, unknown>[] {
  const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
  return fields.filter(({ name }) => !isJudgedElsewhere(type.name, name));
}

/**
 * What the rules of these tests do not know: the past depends on all requests before. test/graph/type/history.test.ts
 * compares it with what graphql-js makes of the same readings.
 */
export function isJudgedElsewhere(type: string, field: string): boolean {
  return type.endsWith('Sample') || (field === 'history' && type !== 'Service');
}

function isRequired({ type, defaultValue }: GraphQLArgument | GraphQLInputField): boolean {
  return isNonNullType(type) && defaultValue === undefined;
}
