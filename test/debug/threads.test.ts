// gdb on threads that stop alone: non-stop mode, a locked scheduler, conditions that the server evaluates,
// and variables of threads.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64, top } from "../support/host.ts";
import { gdbOn } from "./gdb.ts";

const built = (folder: string): string => {
  execFileSync("gcc", ["-g", "-O0", "-pthread", "-o", `${folder}/threads`, `${top}/test/debug/threads.c`]);
  return `${folder}/threads`;
};
const options = ["--root", "/"];

describe.skipIf(missing("gdb on single threads of trapgate debug", nativeX64, gcc, gdb))("gdb", () => {
  it("stops one thread while the others run, and reads its variables", { timeout: 180_000 }, async () => {
    await inFolder(async (folder) => {
      const said = gdbOn(
        folder,
        built(folder),
        [
          "break tick if self == 1 && counts[1] == 3",
          "continue",
          "info breakpoints",
          "info threads",
          "thread 2",
          "print mine",
          "print stop = 1",
          "delete",
          "continue -a",
        ],
        { options, before: ["set non-stop on", "set sysroot"] },
      );
      expect(said).toMatch(/Thread 2 "threads" hit Breakpoint 1, tick \(self=1\)/);
      expect(said).toMatch(/stop only if self == 1 && counts\[1\] == 3 \(target evals\)/);
      expect(said).toMatch(/1 +Thread 2\.2 "threads" .*\(running\)[\s\S]*\n +3 +Thread 2\.\d+ "threads" .*\(running\)/);
      expect(said).toMatch(/\$1 = 31\n/);
      expect(said).toMatch(/exited with code 07/);
    });
  });
  it("holds the other threads with scheduler-locking on", { timeout: 180_000 }, async () => {
    await inFolder(async (folder) => {
      const said = gdbOn(
        folder,
        built(folder),
        [
          "break tick if self == 1 && counts[1] == 3",
          "continue",
          "set scheduler-locking on",
          "set $before = counts[0]",
          "break tick if self == 1 && counts[1] == 3000",
          "continue",
          "print counts[1]",
          "print counts[0] - $before",
          "set scheduler-locking off",
          "break tick if self == 0",
          "continue",
          "print stop = 1",
          "delete",
          "continue",
        ],
        { options, before: ["set sysroot"] },
      );
      expect(said).toMatch(/\$1 = 3000\n/);
      expect(said).toMatch(/\$2 = 0\n/);
      expect(said).toMatch(/hit Breakpoint 3, tick \(self=0\)/);
      expect(said).toMatch(/exited with code 07/);
    });
  });
});
