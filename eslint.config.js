import graphql from '@graphql-eslint/eslint-plugin';

/** Lints the schema and the operations for GraphiQL's tabs; .oxlintrc.json is for TypeScript. */
export default [
  {
    files: ['schema/**/*.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: {
      parser: graphql.parser,
      parserOptions: {
        graphQLConfig: { schema: 'schema/schema.graphql', documents: 'schema/operations/*.graphql' },
      },
    },
  },
  {
    files: ['schema/schema.graphql'],
    rules: {
      ...rulesOf('schema-recommended', 'schema-all', 'schema-relay'),
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
        },
      ],
      // graphql-js prints the file, in an alphabet of its own.
      '@graphql-eslint/alphabetize': 'off',
      // Only what a caller can name has an id: an object of the hypervisor, not what is told about it.
      '@graphql-eslint/strict-id-in-types': 'off',
      // Partition has an opaque id and the hypervisor's own: partitionId.
      '@graphql-eslint/no-typename-prefix': 'off',
      // The hypervisor, the service and the caller are there in every answer.
      '@graphql-eslint/require-nullable-result-in-root': 'off',
      // Only partitions come and go by the thousand; every other list is short, and whole.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
      // Subscriptions are half of what this service is for.
      '@graphql-eslint/no-root-type': ['error', { disallow: ['mutation'] }],
    },
  },
  {
    files: ['schema/operations/*.graphql'],
    rules: {
      ...rulesOf('operations-recommended', 'operations-all'),
      // An example asks for what a person reads, in the order in which it is read; ids are for programs.
      '@graphql-eslint/alphabetize': 'off',
      '@graphql-eslint/require-selections': 'off',
      // The number in the name is the place among GraphiQL's tabs.
      '@graphql-eslint/match-document-filename': 'off',
    },
  },
];

/** The rules of these configurations of graphql-eslint. */
function rulesOf(...names) {
  return Object.assign({}, ...names.map((name) => graphql.configs[`flat/${name}`].rules));
}
