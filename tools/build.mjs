// `npm run build`: src/ to dist/. Stages in order; each is a command that fails loudly.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { generate } from "./generated.mjs";
import { run, stamp, top, writeStamp } from "./setup.mjs";

const now = stamp();
generate();
rmSync(join(top, "dist"), { recursive: true, force: true });
run(process.execPath, [join(top, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);

// Snapshots belong to one build.
const idFile = join(top, "dist", "machine", "snapshot", "file", "build-id.js");
writeFileSync(idFile, readFileSync(idFile, "utf8").replace("builtFrom = undefined", `builtFrom = "${now}"`));

await bundle();
writeStamp(now);
