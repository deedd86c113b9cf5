// No content and no length of a write to a file of the kernel is a mistake of ours.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inFolder, runHosted } from "../support/guest.ts";
import { gcc, missing, top } from "../support/host.ts";

describe.skipIf(missing("writes to every file", gcc))("every file of the kernel", () => {
  it("takes or refuses each write", { timeout: 120_000 }, () =>
    inFolder(async (folder) => {
      const program = join(folder, "every-file");
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", program, join(top, "test/hostile/every-file.c")]);
      const { stdout, status } = await runHosted(folder, program, { args: ["/proc", "/sys", "/dev"], timeout: 100 });
      expect([stdout.text, status]).toEqual(["all are done\n", { exit: 0 }]);
    }),
  );
});
