// Debian's lua and python, dynamic, from unpacked packages: the benchmark scripts print the same as natively.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endOfRun, runRooted } from "../support/guest.ts";
import { debian, missing, nativeX64, top } from "../support/host.ts";
import { runNative } from "../support/native.ts";

const script = (name: string): string => readFileSync(join(top, "bench", "src", name), "utf8");

const programs = [
  { set: "lua-amd64", program: "/usr/bin/lua5.4", script: "b.lua", loader: "lib64/ld-linux-x86-64.so.2", triplet: "x86_64-linux-gnu" },
  { set: "lua-i386", program: "/usr/bin/lua5.4", script: "b.lua", loader: "lib/ld-linux.so.2", triplet: "i386-linux-gnu" },
  { set: "python-amd64", program: "/usr/bin/python3", script: "b.py", loader: "lib64/ld-linux-x86-64.so.2", triplet: "x86_64-linux-gnu" },
] as const;

for (const { set, program, script: name, loader, triplet } of programs) {
  const root = debian(set);
  describe.skipIf(missing(set, root, nativeX64))(set, { timeout: 300_000 }, () => {
    it(`runs ${name} with native-equal output`, async () => {
      const text = script(name);
      const libraries = ["lib", "usr/lib"].map((d) => join(root.path, d, triplet)).join(":");
      const native = runNative(join(root.path, loader), ["--library-path", libraries, join(root.path, program), "-", "1"], {
        input: text,
        env: { PYTHONHOME: join(root.path, "usr") },
      });
      const run = await runRooted(root.path, program, { args: ["-", "1"], stdin: text, timeout: 240 });
      expect(run.stderr.text).toBe("");
      expect(run.stdout.text).toBe(native.stdout);
      expect(native.stdout).toMatch(/^(lua|py)\s/);
      expect(endOfRun(run)).toBe(0);
    });
  });
}
