// `npm test`: installs, builds, fetches the tests' Debian packages, then runs every test. Lint, types, dead
// code and import directions are tests themselves (test/project), so that one figure counts all.
import { join } from "node:path";
import { build, install, run, top } from "./setup.mjs";

install();
build();
run(process.execPath, ["--import", "tsx", join("tools", "debian", "main.ts")]);
run(process.execPath, [
  join(top, "node_modules", "vitest", "vitest.mjs"),
  "run",
  "--reporter=default",
  "--reporter=json",
  "--outputFile.json=.cache/vitest.json",
  ...process.argv.slice(2),
]);
