import graphql from '@graphql-eslint/eslint-plugin';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { existsSync } from 'node:fs';

export default tseslint.config(
  {
    ignores: ['dist/', 'coverage/', 'test/bench/result/', 'test/clients/generated/'].concat(
      // Without the clients their types are unknown.
      existsSync(`${import.meta.dirname}/test/clients/node_modules`) ? [] : ['test/clients/'],
    ),
  },
  {
    files: ['**/*.{js,ts}'],
    extends: [js.configs.recommended, ...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An async function may have nothing to wait for where an interface says it might.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    // Tests read answers of many shapes.
    files: ['test/**'],
    rules: Object.fromEntries(
      [
        'explicit-any',
        'unsafe-argument',
        'unsafe-assignment',
        'unsafe-call',
        'unsafe-member-access',
        'unsafe-return',
      ].map((rule) => [`@typescript-eslint/no-${rule}`, 'off']),
    ),
  },
  { files: ['eslint.config.js', 'build.js', 'sbom.js'], ...tseslint.configs.disableTypeChecked },
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
);

/** The rules of these configurations of graphql-eslint. */
function rulesOf(...names) {
  return Object.assign({}, ...names.map((name) => graphql.configs[`flat/${name}`].rules));
}
