import { defineConfig } from "vitest/config";

const ignored = ["**/node_modules/**", "**/dist/**"];

/** Two groups one after the other: what stands alone, side by side; then what starts whole systems, one at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "parts",
          include: ["libs/*/test/**/*.test.ts", "services/*/test/**/*.test.ts", "scripts/test/**/*.test.ts"],
          exclude: ignored,
          testTimeout: 20_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "whole",
          include: ["test/*/**/*.test.ts"],
          exclude: ignored,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
