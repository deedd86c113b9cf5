import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // A changed guest runs the tests again.
    forceRerunTriggers: [...configDefaults.forceRerunTriggers, "**/*.c"],
    // One worker imports trapgate once for all files.
    isolate: false,
  },
});
