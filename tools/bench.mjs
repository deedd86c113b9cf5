// `npm run bench`: install and build if need be, then bench/main.ts.
import { join } from "node:path";
import { build, install, run } from "./setup.mjs";

install();
build();
run(process.execPath, ["--import", "tsx", join("bench", "main.ts"), ...process.argv.slice(2)]);
