import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = (file: string) => fileURLToPath(new URL(`src/${file}`, import.meta.url));

export default defineConfig({
  // Tests import the package as a user does, and get the sources.
  resolve: {
    alias: [
      { find: /^trapgate$/, replacement: src("index.ts") },
      { find: /^trapgate\/internal$/, replacement: src("internal.ts") },
      { find: /^trapgate\/node$/, replacement: src("node.ts") },
      { find: /^trapgate\/vitest$/, replacement: src("vitest/index.ts") },
      { find: /^trapgate\/seccomp$/, replacement: src("seccomp/index.ts") },
      { find: /^trapgate\/policy$/, replacement: src("policy/index.ts") },
      { find: /^trapgate\/browser$/, replacement: src("browser/index.ts") },
      { find: /^trapgate\/cpu$/, replacement: src("cpu/index.ts") },
      { find: /^trapgate\/query$/, replacement: src("debug/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // Rows, meanings and the compiler of handlers are never newer than the handlers that tests run.
    globalSetup: ["tools/generated.mjs"],
    // Guests' compiled code stays apart from the user's own cache.
    env: { XDG_CACHE_HOME: fileURLToPath(new URL(".cache/xdg", import.meta.url)) },
    testTimeout: 60_000,
    // Native programs, terminals and browsers live in real time, which a busy host of CI stretches.
    // tools/count.mjs names what needed a second try.
    retry: process.env["CI"] ? 1 : 0,
    hookTimeout: 120_000,
    maxWorkers: Math.min(4, availableParallelism()),
    // `npm run coverage`. Code in child processes (the command line) and in WebAssembly is not counted.
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/routines/**", "src/cpu/generated/**"],
      reportOnFailure: true,
      reporter: ["text-summary", "html", "json-summary"],
    },
  },
});
