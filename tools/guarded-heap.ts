// `npm run guests:heap`: builds guest/heap/guarded-heap.c with gcc -m64 and -m32 (src/host/guarded-heap.ts).
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../guest/heap");
// biome-ignore format: table
const FLAGS = [
  "-O2", "-shared", "-fPIC", "-nostdlib", "-s", "-fno-builtin", "-fno-stack-protector", "-fcf-protection=none",
  "-fno-asynchronous-unwind-tables", "-Wl,--build-id=none", "-Wl,-z,noseparate-code",
];
for (const bits of ["64", "32"])
  execFileSync("gcc", [`-m${bits}`, ...FLAGS, "-o", join(folder, `guarded-heap.${bits}.so`), join(folder, "guarded-heap.c")]);
