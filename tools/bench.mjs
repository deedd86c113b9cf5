// `npm run bench` and `npm run bench:counts`: install and build if need be, then bench/main.ts or
// bench/counts/main.ts.
import { join } from "node:path";
import { build, install, run } from "./setup.mjs";

const args = process.argv.slice(2);
const counts = args[0] === "--counts";
install();
build();
const script = counts ? join("bench", "counts", "main.ts") : join("bench", "main.ts");
run(process.execPath, ["--import", "tsx", script, ...(counts ? args.slice(1) : args)]);
