// Debian's busybox, static, of both architectures: the same scripts natively and in the machine give the same
// bytes.
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { emptyFolder, endOfRun, inFolder, runHosted } from "../support/guest.ts";
import { busybox, missing, nativeX64, top } from "../support/host.ts";
import { runNative } from "../support/native.ts";

const scripts = {
  shell: "the shell itself",
  text: "text tools",
  archive: "archives, checksums of 10 MiB, an editor",
  jobs: "jobs and signals",
};

/** A folder with busybox, a link for each of its applets, and nothing else of the host's. */
const furnish = (folder: string, program: string): string => {
  const bin = emptyFolder(join(folder, "bin"));
  copyFileSync(program, join(bin, "busybox"));
  const applets = spawnSync(program, ["--list"], { encoding: "utf8" }).stdout.trim().split("\n");
  for (const applet of applets) if (applet !== "busybox") symlinkSync("busybox", join(bin, applet));
  return bin;
};

for (const architecture of ["amd64", "i386"] as const) {
  const need = busybox(architecture);
  describe.skipIf(missing(`busybox of ${architecture}`, need, nativeX64))(`busybox of ${architecture}`, { timeout: 300_000 }, () => {
    it.each(Object.entries(scripts))("%s.sh: %s", async (name) => {
      await inFolder(async (folder) => {
        const bin = furnish(folder, need.path);
        const script = readFileSync(join(top, "test", "guest", "busybox", `${name}.sh`), "latin1");
        const args = ["sh", "-c", script, "script"];
        const work = emptyFolder(join(folder, "work"));
        const native = runNative(join(bin, "busybox"), args, { cwd: work, env: { PATH: bin } });
        emptyFolder(work);
        const run = await runHosted(folder, join(bin, "busybox"), { args, cwd: work, env: { PATH: bin }, timeout: 240 });
        expect(run.stderr.text).toBe(native.stderr);
        expect(Buffer.from(run.stdout.bytes).toString("latin1")).toBe(native.stdout);
        expect(endOfRun(run)).toBe(native.end);
      });
    });
  });
}
