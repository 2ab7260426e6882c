import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  {
    ignores: [
      "**/dist/**",
      ".cache/**",
      "**/node_modules/**",
      "libs/proto/src/gen/**",
      ".hearth/**",
      "**/.venv/**",
      "test/bench/src/peers/drivers/**",
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-unsafe-type-assertion": "off",
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "@typescript-eslint/unbound-method": "off",
      // It refuses Promise.withResolvers<void>().
      "@typescript-eslint/no-invalid-void-type": "off",
      "no-console": "error",
    },
  },
  // Plain JavaScript is what users of the runners hand over; no project holds it.
  { files: ["**/*.mjs"], extends: [tseslint.configs.disableTypeChecked] },
  {
    // Rules of the layers: core decides and touches nothing. The policy and the map are as pure as core itself.
    files: ["services/*/src/core/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            "node:*",
            "@hearth/*",
            "!@hearth/policy",
            "!@hearth/passing-map",
            "@bufbuild/*",
            "@nats-io/*",
            "../api/*",
            "../loops/*",
            "../io/*",
          ],
        },
      ],
      "no-restricted-globals": [
        "error",
        "Date",
        "setTimeout",
        "setInterval",
        "setImmediate",
        "fetch",
        "process",
        "crypto",
      ],
      "no-restricted-properties": ["error", { object: "Math", property: "random" }],
    },
  },
  {
    files: ["services/*/src/io/**"],
    rules: { "no-restricted-imports": ["error", { patterns: ["../api/*", "../loops/*"] }] },
  },
  {
    files: ["**/test/**", "scripts/**", "examples/**", "libs/cli/**"],
    rules: { "no-console": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
