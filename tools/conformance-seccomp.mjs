// `npm run conformance:seccomp [-t NAME]`: install, build and fetch if need be, then conformance-seccomp.ts.
import { join } from "node:path";
import { build, install, run } from "./setup.mjs";

install();
build();
run(process.execPath, ["--import", "tsx", join("tools", "debian", "main.ts")]);
run(process.execPath, ["--import", "tsx", join("tools", "conformance-seccomp.ts"), ...process.argv.slice(2)]);
