// What `npm run lint` looks for: mistakes, not layout, which is prettier's.
import js from '@eslint/js';
import globals from 'globals';

export default [
  {
    ignores: [
      'build/',
      'dist/',
      'node_modules/',
      'tests/**/node_modules/',
      'tests/frameworks/**/app/',
      'tests/package/environments/',
    ],
  },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, globals: { ...globals.browser, ...globals.node } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // An extra that fails is done without: the comment in such a block says so.
      'no-empty': ['error', { allowEmptyCatch: true }],
      'no-unused-vars': ['error', { ignoreRestSiblings: true, caughtErrors: 'none', argsIgnorePattern: '^_' }],
    },
  },
  {
    // Functions that run in a page or a worker; Playwright reads a fixture's dependencies from its empty pattern.
    files: ['tests/browser/**', 'tests/bench/clients/**'],
    languageOptions: {
      globals: {
        ...globals.serviceworker,
        ...Object.fromEntries(
          ['InbentaAuthSDK', 'InbentaAuth', 'InbentaChatbotSDK', 'client', 'authorization', 'chatbotApi'].map(
            (name) => [name, 'readonly'],
          ),
        ),
      },
    },
    rules: { 'no-empty-pattern': 'off' },
  },
  { files: ['tests/frameworks/jest/**'], languageOptions: { globals: globals.jest } },
];
