import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import whom; an edge not listed is an error. The table is the one of the architecture page. */
const mayImport = {
  tensor: [],
  core: ['tensor'],
  compile: ['tensor'],
  models: ['tensor', 'core'],
  data: ['tensor'],
  sampling: ['tensor', 'core', 'compile'],
  training: ['tensor', 'core', 'compile'],
  metrics: ['tensor', 'core', 'compile'],
};

const boundaries = [
  ...Object.entries(mayImport).map(([name, targets]) => ({
    sourceTag: `package:${name}`,
    onlyDependOnLibsWithTags: targets.map((target) => `package:${target}`),
  })),
  { sourceTag: 'app', onlyDependOnLibsWithTags: ['package:*'] },
  { sourceTag: 'tool', onlyDependOnLibsWithTags: ['package:*'] },
];

const tensorFlowOutside = {
  group: ['@tensorflow/*'],
  message: 'Only @onestep/tensor knows TensorFlow.js: import { tf } from @onestep/tensor.',
};
const nodeOutside = {
  group: ['node:*'],
  message: 'This entry runs in browsers too: node: modules belong under the ./node entry.',
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/runs/**', '.nx/**'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      eqeqeq: 'error',
    },
  },
  {
    files: ['{packages,apps}/*/src/**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { enforceBuildableLibDependency: false, depConstraints: boundaries }],
      'no-console': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/tensor/**', 'packages/compile/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [tensorFlowOutside] }] },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: [
      'packages/*/src/node.ts',
      'packages/*/src/node/**',
      'packages/*/src/backends/**',
      'packages/tensor/**',
      'packages/compile/**',
    ],
    rules: { 'no-restricted-imports': ['error', { patterns: [tensorFlowOutside, nodeOutside] }] },
  },
  {
    files: ['**/test/**/*.ts', '**/bench/**/*.ts', 'tools/**/*.ts', '**/*.config.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
