// npm runs this before it packs: a package without dist/ is of no use, so it is built, or packing is refused.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build, buildLab, run, top } from "./setup.mjs";

if (!existsSync(join(top, "node_modules", "typescript"))) {
  console.error("npm pack: dist/ cannot be built, because development dependencies are missing: run `npm ci` first");
  process.exit(1);
}
build();
// `trapgate lab` serves it. package.json leaves busybox out, which is under another licence.
buildLab();
run(process.execPath, [join(top, "tools", "slim.mjs")]);
