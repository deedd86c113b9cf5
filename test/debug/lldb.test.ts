// lldb, unchanged, on `trapgate debug`: breakpoints, steps, watchpoints, regions of memory, an exit.
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, lldb, missing, nativeX64, top } from "../support/host.ts";

const run = promisify(execFile);

describe.skipIf(missing("lldb on trapgate debug", nativeX64, gcc, lldb))("lldb", () => {
  it("stops, steps, watches and looks", { timeout: 180_000 }, async () => {
    await inFolder(async (folder) => {
      const program = `${folder}/stops`;
      execFileSync("gcc", ["-g", "-O0", "-static", "-o", program, `${top}/test/debug/stops.c`]);
      const server = spawn(process.execPath, [
        ...["--import", "tsx", `${top}/tools/trapgate.ts`, "debug", "--once", "--listen", "127.0.0.1:0", "--", program],
      ]);
      let told = "";
      server.stderr.setEncoding("utf8").on("data", (part: string) => (told += part));
      while (!/:\d+\n/.test(told)) await once(server.stderr, "data");
      const commands = [
        `gdb-remote 127.0.0.1:${/:(\d+)\n/.exec(told)?.[1]}`,
        "breakpoint set -n fib",
        "continue",
        "frame variable",
        "thread step-inst",
        "thread list",
        "memory region $sp",
        "breakpoint delete 1",
        "watchpoint set variable counter",
        "continue",
        "frame select 0",
        "watchpoint delete 1",
        "p counter",
        "continue",
      ];
      const ended = once(server, "exit");
      const { stdout } = await run("lldb", ["-b", ...commands.flatMap((line) => ["-o", line]), program], { encoding: "utf8" });
      await ended;
      expect(stdout).toMatch(/stop reason = breakpoint 1\.1\n.*frame #0: 0x[0-9a-f]+ stops`fib\(n=24\)/);
      expect(stdout).toMatch(/\(int\) n = 24/);
      expect(stdout).toMatch(/stop reason = instruction step into/);
      expect(stdout).toMatch(/thread #1: tid = 2/);
      expect(stdout).toMatch(/\[0x00007ff\w+-0x00007ff\w+\) rw-/);
      expect(stdout).toMatch(/stop reason = watchpoint 1/);
      expect(stdout).toMatch(/\(int\) 46368\n/);
      expect(stdout).toMatch(/exited with status = 0/);
    });
  });
});
