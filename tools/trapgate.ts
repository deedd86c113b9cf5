// `npm run trapgate -- ARGS`: the command line from the sources, without a build. Generated code is made if
// there is none yet.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));

if (!existsSync(path("src/cpu/generated/code.ts"))) {
  process.stderr.write("generating interpreter handlers (once) …\n");
  // Standard output belongs to the guest.
  const { status } = spawnSync(process.execPath, ["--import", "tsx", path("tools/generate.ts")], { cwd: path("."), stdio: [0, 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
// npm starts scripts in the package's folder; arguments name files from where the user is.
process.chdir(process.env["INIT_CWD"] ?? process.cwd());
const { main } = await import("../src/cli/main.ts");
await main(process.argv.slice(2));
