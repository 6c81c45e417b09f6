/** Makes what stands in src/dashboard/generated: from the schemas, the catalogue and src/dashboard/document. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as operationTypes from '@graphql-codegen/typescript-operations';
import {
  buildSchema,
  concatAST,
  Kind,
  parse,
  print,
  stripIgnoredCharacters,
  validate,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
} from 'graphql';
import { catalogue, countersOf } from '../../src/catalogue/catalogue.ts';
import type { StatisticsObject } from '../../src/catalogue/group.ts';
import type { CounterTemplate, DashboardManifest } from '../../src/server/dashboard-documents.ts';
import scalars from '../../schema/clients/scalars.json' with { type: 'json' };

/** Where they stand. */
export const generatedFolder = 'src/dashboard/generated';

const folder = 'src/dashboard/document';

type Graph = 'host' | 'fleet';
const schemas = {
  host: buildSchema(readFileSync('schema/schema.graphql', 'utf8')),
  fleet: buildSchema(readFileSync('schema/fleet.graphql', 'utf8')),
};

/** The files of src/dashboard/generated, by name. */
export async function makeGenerated(): Promise<Readonly<Record<string, string>>> {
  const manifests = { host: manifestOf('host'), fleet: manifestOf('fleet') };
  return {
    'documents.json': `${JSON.stringify(manifests, null, 2)}\n`,
    'host.ts': await moduleOf('host'),
    'fleet.ts': await moduleOf('fleet'),
    'operations-of-cost.ts': operationsOfCost(),
  };
}

/** Selections that name every counter of some kind are made from the catalogue, which is the only list of them. */
function catalogueFragments(): string {
  const costs = catalogue.filter(({ object, kind }) => object === 'VIRTUAL_PROCESSOR' && kind === 'COST');
  const costly = new Set(costs.flatMap(({ field, operations }) => [field, operations ?? field]));
  const pages = countersOf('PARTITION').filter(({ kind, unit }) => kind === 'GAUGE' && unit === 'page');
  const rates = countersOf('LOGICAL_PROCESSOR').filter(({ rateUnit }) => rateUnit !== null);
  const fieldsOf = (counters: readonly { readonly field: string }[]): string =>
    counters.map(({ field }) => field).join(' ');
  return `
    fragment CostlyOperations on VirtualProcessorRates { ${[...costly].join(' ')} }
    fragment PartitionPages on PartitionCounters { ${fieldsOf(pages)} }
    fragment AllLogicalProcessorRates on LogicalProcessorRates { ${fieldsOf(rates)} }`;
}

/** Which counter has the operations that the time of a COST counter was spent on. */
function operationsOfCost(): string {
  const rows = countersOf('VIRTUAL_PROCESSOR').flatMap(({ kind, field, operations }) =>
    kind === 'COST' && operations !== undefined ? [`  ${field}: '${operations}',\n`] : [],
  );
  return (
    `${header}/** By the field of a virtual processor's COST counter, the field that counts its operations. */\n` +
    `export const operationsOfCost = {\n${rows.join('')}} as const;\n`
  );
}

const header = '// Made from the schema, the catalogue and the documents: npm run generate\n';

const read = (path: string): string => readFileSync(path, 'utf8');
const filesIn = (place: string): string[] =>
  readdirSync(join(folder, place))
    .filter((file) => file.endsWith('.graphql'))
    .sort()
    .map((file) => join(folder, place, file));

const fragments = parse(`${read(join(folder, 'fragment.graphql'))}\n${catalogueFragments()}`);

/** The operations for a graph, each as a document with the fragments that it uses. */
function documentsOf(graph: Graph): DocumentNode[] {
  const documents = (place: string): DocumentNode[] =>
    filesIn(place).map((file) => withFragments(parse(read(file)), file));
  if (graph === 'host') return [...documents('both'), ...documents('host')];
  return [
    ...documents('both'),
    ...documents('fleet'),
    ...documents('host').flatMap((document) => belowHost(document) ?? []),
  ];
}

/** What a document of one host is in the graph of a fleet; null for what is not about the objects of a host. */
function belowHost(document: DocumentNode): DocumentNode | null {
  let isOfHost = false;
  const wrapped = visit(document, {
    OperationDefinition(operation) {
      const [root] = operation.selectionSet.selections;
      if (root?.kind !== Kind.FIELD || !/^(hypervisor|partition)$/.test(root.name.value)) return false;
      isOfHost = true;
      const isEvery = ({ name }: { readonly name: { readonly value: string } }): boolean =>
        name.value === 'every';
      const [host] = (
        parse('query ($host: String!) { host(name: $host) { id } }').definitions as OperationDefinitionNode[]
      ).map(({ variableDefinitions, selectionSet }) => ({
        variableDefinitions,
        field: selectionSet.selections[0],
      }));
      if (host?.field?.kind !== Kind.FIELD) throw new Error('unreachable');
      return {
        ...operation,
        variableDefinitions: [...(host.variableDefinitions ?? []), ...(operation.variableDefinitions ?? [])],
        selectionSet: {
          kind: Kind.SELECTION_SET,
          selections: [
            {
              ...host.field,
              arguments: [...(host.field.arguments ?? []), ...(root.arguments ?? []).filter(isEvery)],
              selectionSet: {
                kind: Kind.SELECTION_SET,
                selections: [{ ...root, arguments: (root.arguments ?? []).filter((each) => !isEvery(each)) }],
              },
            },
          ],
        },
      };
    },
  });
  return isOfHost ? wrapped : null;
}

function withFragments(document: DocumentNode, file: string): DocumentNode {
  const known = new Map(
    fragments.definitions.map((definition) => [
      (definition as FragmentDefinitionNode).name.value,
      definition as FragmentDefinitionNode,
    ]),
  );
  const used = new Map<string, FragmentDefinitionNode>();
  const collect = (node: DocumentNode | FragmentDefinitionNode): void => {
    visit(node, {
      FragmentSpread({ name }) {
        const fragment = known.get(name.value);
        if (fragment === undefined) throw new Error(`${file}: there is no fragment ${name.value}`);
        if (used.has(name.value)) return;
        used.set(name.value, fragment);
        collect(fragment);
      },
    });
  };
  collect(document);
  return concatAST([document, { kind: Kind.DOCUMENT, definitions: [...used.values()] }]);
}

/** A template and its likeness for counters without rates, which are in `counters` only. */
function templatesIn(place: string): (CounterTemplate & { readonly name: string })[] {
  return filesIn(place).flatMap((file) => {
    const text = read(file);
    const [, object, field] = /^# of (\w+) by (\w+)/.exec(text) ?? [];
    if (object === undefined || field === undefined) throw new Error(`${file}: which counter is replaced?`);
    const document = parse(text);
    const name = nameOf(document);
    const of = { object: object as StatisticsObject, field, name };
    const withoutRates = visit(document, {
      Field: ({ name: { value } }) => (value === 'rates' || value === 'interval' ? null : undefined),
    });
    const hasRates = print(document) !== print(withoutRates);
    return [
      ...(hasRates ? [{ ...of, hasRate: true, text: minify(document) }] : []),
      {
        ...of,
        hasRate: false,
        text: minify(withoutRates).replaceAll(field, valueOnly(object as StatisticsObject)),
        field: valueOnly(object as StatisticsObject),
      },
    ];
  });
}

/** A counter without a rate, for a template that is valid as it stands. */
function valueOnly(object: StatisticsObject): string {
  const counter = countersOf(object).find(({ rateUnit }) => rateUnit === null);
  if (counter === undefined) throw new Error(`Every counter of ${object} has a rate`);
  return counter.field;
}

function nameOf(document: DocumentNode): string {
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
  );
  if (operation?.name === undefined) throw new Error('A document needs an operation with a name');
  return operation.name.value;
}

function minify(document: DocumentNode): string {
  return stripIgnoredCharacters(print(document));
}

function templatesOf(graph: Graph) {
  return templatesIn('counter').map((template) => {
    if (graph === 'host') return template;
    const below = belowHost(parse(template.text));
    if (below === null) throw new Error(`${template.name} is not about the objects of a host`);
    return { ...template, text: minify(below) };
  });
}

function manifestOf(graph: Graph): DashboardManifest {
  const documents = documentsOf(graph);
  const templates = templatesOf(graph);
  for (const document of [...documents, ...templates.map(({ text }) => parse(text))]) {
    const [error] = validate(schemas[graph], document);
    if (error !== undefined) throw new Error(`${nameOf(document)} of ${graph}: ${error.message}`);
  }
  return {
    documents: documents.map(minify),
    counterTemplates: templates.map(({ name: _, ...template }) => template),
  };
}

/** The types of the results and variables, by GraphQL Code Generator, and the documents by their ids. */
async function moduleOf(graph: Graph): Promise<string> {
  const documents = documentsOf(graph);
  const templates = templatesOf(graph);
  const typed = [
    ...documents.map((document) => operationOf(document)),
    ...templates
      .filter(({ hasRate, object }) => hasRate || object === 'HYPERVISOR')
      .map(({ text }) => parse(text)),
    fragments,
  ];
  const types = await codegen({
    filename: `${graph}.ts`,
    schema: parse(read(graph === 'host' ? 'schema/schema.graphql' : 'schema/fleet.graphql')),
    documents: typed.map((document, n) => ({ location: `${n}`, document })),
    config: {},
    plugins: [
      {
        operations: {
          scalars,
          immutableTypes: true,
          skipTypename: true,
          onlyOperationTypes: true,
          enumType: 'string-literal',
          arrayInputCoercion: false,
        },
      },
    ],
    pluginMap: { operations: operationTypes },
  });
  const entries = documents.map((document) => {
    const id = `sha256:${createHash('sha256').update(minify(document)).digest('hex')}`;
    const name = nameOf(document);
    return `export const ${camel(name)}Document: PersistedDocument<${resultOf(document)}, ${variablesOf(document)}> = {\n  id: '${id}',\n};\n`;
  });
  const names = [...new Set(templates.map(({ name }) => name))];
  const templated = names.map((name) => {
    const both = templates.filter((template) => template.name === name);
    const one = parse(both[0]?.text ?? '');
    const part = (hasRate: boolean): string => {
      const template = both.find((each) => each.hasRate === hasRate);
      return template === undefined ? 'null' : JSON.stringify({ field: template.field, text: template.text });
    };
    return `export const ${camel(name)}Template: CounterTemplate<${resultOf(one)}, ${variablesOf(one)}> = {\n  withRate: ${part(true)},\n  valueOnly: ${part(false)},\n};\n`;
  });
  return (
    `${header}/* eslint-disable */\n` +
    (entries.length + templated.length > 0
      ? `import type { CounterTemplate, PersistedDocument } from '../connection/document.ts';\n\n`
      : '') +
    `${types}\n${entries.join('')}${templated.join('')}`
  );
}

function operationOf(document: DocumentNode): DocumentNode {
  return {
    ...document,
    definitions: document.definitions.filter(({ kind }) => kind !== Kind.FRAGMENT_DEFINITION),
  };
}

function typeOf(document: DocumentNode): string {
  const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const kind = (operation as OperationDefinitionNode).operation;
  return `${nameOf(document)}${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`;
}
const resultOf = (document: DocumentNode): string => typeOf(document);
const variablesOf = (document: DocumentNode): string => `${typeOf(document)}Variables`;
const camel = (name: string): string => name.slice(0, 1).toLowerCase() + name.slice(1);
