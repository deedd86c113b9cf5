// Files of a recorded run that gdb reads: a recording has the parts that the run has read.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gdb, missing, nativeX64, top } from "../support/host.ts";
import { gdbOn } from "./gdb.ts";

describe.skipIf(missing("gdb on a recording", nativeX64, gdb))("a file of a recording", () => {
  it("that gdb cannot read is named once, with the option that gives it", { timeout: 240_000 }, async () => {
    await inFolder(async (folder) => {
      const recording = `${folder}/run.recording`;
      const words = ["--import", "tsx", `${top}/tools/trapgate.ts`, "record", "-o", recording, "--root", "/", "/bin/true"];
      execFileSync(process.execPath, words, { cwd: top });
      const session = (...options: readonly string[]): string =>
        gdbOn(folder, recording, ["catch syscall exit_group", "continue", "info sharedlibrary"], { symbols: "", options });
      const hint = /^trapgate: the recording has only the parts of \S+ that the run read.*--root DIR'/gm;
      const plain = session();
      expect(plain).toMatch(/Input\/output error/);
      expect(plain.match(hint)).toHaveLength(1);
      const whole = session("--root", "/");
      expect(whole).not.toMatch(/Input\/output error|the recording has only/);
      expect(whole).toMatch(/Yes.*libc\.so/);
    });
  });
});
