/** The part of an operation for a host, as text, with only the fragments and variables that it uses. */
import {
  Kind,
  print,
  stripIgnoredCharacters,
  visit,
  type ArgumentNode,
  type FragmentDefinitionNode,
  type GraphQLResolveInfo,
  type SelectionSetNode,
} from 'graphql';
import { formatDuration } from '../../snapshot/duration.ts';
import { estimatedBytes } from './answer-size.ts';

/** A selection that is requested from a host. */
export interface HostPart {
  /** The field of a host's query type with its arguments and selection, without an alias. */
  readonly text: string;
  /** The texts of the fragments that it uses, by name. */
  readonly fragments: ReadonlyMap<string, string>;
  /** The texts of the definitions of the variables that it uses, by name. */
  readonly variables: ReadonlyMap<string, string>;
  /** An estimate of the bytes of a host's response. */
  readonly expectedBytes: number;
}

/**
 * Creates the part from the selections of a field of the fleet. `wrap` puts their text, in braces, into a field of a host's
 * query type; `args` are the arguments of the field itself, as written in the document.
 */
export function hostPart(
  info: GraphQLResolveInfo,
  wrap: (selection: string, args: string) => string,
): HostPart {
  const fragments = new Map<string, string>();
  const used = new Set<string>();
  const note = (node: SelectionSetNode | ArgumentNode): void => {
    visit(node, {
      Variable: ({ name }) => void used.add(name.value),
      FragmentSpread: ({ name: { value: name } }) => {
        const fragment = info.fragments[name];
        if (fragment === undefined || fragments.has(name)) return;
        const own = ofHost(fragment, info);
        fragments.set(name, print(own));
        note(own.selectionSet);
      },
    });
  };
  const all = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  const selectionSet = ofHost({ kind: Kind.SELECTION_SET, selections: all }, info);
  note(selectionSet);
  const selection = print(selectionSet);
  const written = info.fieldNodes[0]?.arguments ?? [];
  const args = written.length === 0 ? '' : `(${written.map((argument) => print(argument)).join(' ')})`;
  const text = wrap(selection, args);
  // A field may have put others in their place.
  if (text.includes(args)) for (const argument of written) note(argument);
  const variables = (info.operation.variableDefinitions ?? [])
    .filter(({ variable }) => used.has(variable.name.value))
    .map((definition) => [definition.variable.name.value, print(definition)] as const);
  const expectedBytes = estimatedBytes(info.fieldNodes, info);
  return { text, fragments, variables: new Map(variables), expectedBytes };
}

/** One request of several parts, whose results are under p0, p1 and so on. `values` are the variables as the client sent them. */
export function requestOf(parts: readonly HostPart[], values: Readonly<Record<string, unknown>>): Buffer {
  const fragments = new Map(parts.flatMap((part) => [...part.fragments]));
  const variables = new Map(parts.flatMap((part) => [...part.variables]));
  const definitions = variables.size === 0 ? '' : `(${[...variables.values()].join(' ')})`;
  const fields = parts.map(({ text }, n) => `p${n}: ${text}`).join(' ');
  // Indented text of many levels is several times as long as what the client has sent, and the host limits its length.
  const query = stripIgnoredCharacters(
    [`query Fleet${definitions} { ${fields} }`, ...fragments.values()].join('\n'),
  );
  return Buffer.from(JSON.stringify({ query, variables: valuesOf(variables, values) }));
}

/** The subscription of one part, as JSON; its result is under p0. */
export function liveRequestOf(
  part: HostPart,
  {
    everyMilliseconds,
    variables,
  }: { readonly everyMilliseconds: number; readonly variables: Readonly<Record<string, unknown>> },
): string {
  const definitions = part.variables.size === 0 ? '' : `(${[...part.variables.values()].join(' ')})`;
  // The fields of a host's query type that parts begin with are those of its subscription type, with `every` beside.
  const every = `every: "${formatDuration(everyMilliseconds)}"`;
  const field = part.text.replace(/^(?<name>\w+)(?:\()?/, (text, name: string) =>
    text.endsWith('(') ? `${name}(${every} ` : `${name}(${every})`,
  );
  const query = stripIgnoredCharacters(
    [`subscription Fleet${definitions} { p0: ${field} }`, ...part.fragments.values()].join('\n'),
  );
  return JSON.stringify({ query, variables: valuesOf(part.variables, variables) });
}

function valuesOf(
  definitions: HostPart['variables'],
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const given = [...definitions.keys()].filter((name) => Object.hasOwn(values, name));
  return Object.fromEntries(given.map((name) => [name, values[name]]));
}

/** The node type that only the gateway has. */
const gatewayType = 'Host';

/** Selections without those on the gateway's own type. */
function ofHost<Node extends SelectionSetNode | FragmentDefinitionNode>(
  node: Node,
  info: GraphQLResolveInfo,
): Node {
  const isOwn = (type: string | undefined): boolean => type === gatewayType;
  return visit<Node>(node, {
    InlineFragment: ({ typeCondition }) => (isOwn(typeCondition?.name.value) ? null : undefined),
    FragmentSpread: ({ name }) =>
      isOwn(info.fragments[name.value]?.typeCondition.name.value) ? null : undefined,
    SelectionSet: {
      leave: (set) => {
        if (set.selections.length > 0) return undefined;
        const name = { kind: Kind.NAME, value: '__typename' } as const;
        return { ...set, selections: [{ kind: Kind.FIELD, name }] };
      },
    },
  });
}
