// `npm run build`: src/ to dist/. Stages in order; each is a command that fails loudly.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { run, stamp, top, writeStamp } from "./setup.mjs";

const now = stamp();
run(process.execPath, ["--import", "tsx", join("tools", "generate.ts")]);
rmSync(join(top, "dist"), { recursive: true, force: true });
run(process.execPath, [join(top, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);

await bundle();
writeStamp(now);
