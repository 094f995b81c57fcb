import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Functions longer than 60 lines or files longer than 300 stand here with their reason; the list only shrinks. */
const LONGER_WITH_REASON = [
  // one function a table of routes, a table of metrics, or a test's table of cases reads better whole
  'services/api/routes/*.ts',
  '**/*.test.ts',
  'test/**/*.ts',
  // one closure over who is connected
  'services/api/stream/hub.ts',
];

export default tseslint.config(
  { ignores: ['node_modules/', 'charts/', 'proto/gen/', '.run/', 'web/dist/', '.dependency-cruiser.cjs', '**/*.cjs'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // Fastify's handlers are async by contract
      '@typescript-eslint/require-await': 'off',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
      // our objects are closures: they have no `this` to lose
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // node:test's `it` and `describe` return promises that the runner awaits
    files: ['**/*.test.ts', 'test/**/*.ts', 'dev/testing/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['it', 'describe', 'test', 'suite'], package: 'node:test' },
          ],
        },
      ],
      // answers of the running system are read as they come; the assertions are the check
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['actors/core/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.testkit.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'The core has no clock: take nowMs.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'The core has no clock: take nowMs.',
        },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: 'The core has no randomness.',
        },
        {
          selector: 'AwaitExpression, FunctionDeclaration[async=true], ArrowFunctionExpression[async=true]',
          message: 'The core decides; the shell waits.',
        },
      ],
    },
  },
  // programs for people at a terminal
  { files: ['dev/**/*.ts', 'data/**/*.ts', 'loadtest/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: LONGER_WITH_REASON, rules: { 'max-lines-per-function': 'off' } },
  { files: ['**/*.test.ts', 'test/**/*.ts'], rules: { 'max-lines': 'off' } },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
