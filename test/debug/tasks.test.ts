// gdb on threads, processes, calls, signals and interrupts.
import { execFileSync, spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64, top } from "../support/host.ts";
import { gdbOn, tied } from "./gdb.ts";

const built = (folder: string): string => {
  execFileSync("gcc", ["-g", "-O0", "-static", "-pthread", "-o", `${folder}/tasks`, `${top}/test/debug/tasks.c`]);
  return `${folder}/tasks`;
};
const minutes = { timeout: 180_000 };

describe.skipIf(missing("gdb on tasks of trapgate debug", nativeX64, gcc, gdb))("gdb", () => {
  it("sees threads, and steps each of them back", minutes, async () => {
    await inFolder(async (folder) => {
      const said = gdbOn(folder, built(folder), [
        "break work if argument == 2",
        "continue",
        "info threads",
        "next",
        "print n",
        "break 14 if i == 500",
        "continue",
        "print shared[2]",
        "print i",
        "delete 2",
        "reverse-continue",
        "print n",
        "thread 1",
        "reverse-stepi",
        "stepi",
        "info threads",
      ]);
      expect(said).toMatch(/Thread \d "tasks" hit Breakpoint 1, work \(argument=0x2\)/);
      expect(said).toMatch(/\* \d +Thread 2\.5 "tasks"/);
      expect(said).toMatch(/\$1 = 2\n/);
      expect(said).toMatch(/\$3 = 500\n/);
    });
  });
  it("catches calls, signals, and writes of the kernel, also backward", minutes, async () => {
    await inFolder(async (folder) => {
      const said = gdbOn(folder, built(folder), [
        "break handle",
        "continue",
        "print $_siginfo.si_signo",
        "continue",
        "print signal",
        "delete",
        "watch buffer[0]",
        "continue",
        "reverse-continue",
        "print buffer[0]",
        "delete",
        "catch syscall getppid",
        "continue",
        "continue",
        "reverse-continue",
        "delete",
        "continue",
      ]);
      expect(said).toMatch(/received signal SIGUSR1/);
      expect(said).toMatch(/\$1 = 10\n/);
      expect(said).toMatch(/\$2 = 10\n/);
      expect(said).toMatch(/Old value = 0 '\\000'\nNew value = 104 'h'/);
      expect(said).toMatch(/Old value = 104 'h'\nNew value = 0 '\\000'/);
      expect(said.match(/call to syscall getppid/g)).toHaveLength(2);
      expect(said.match(/returned from syscall getppid/g)).toHaveLength(1);
      expect(said).toMatch(/done 499500/);
      expect(said).toMatch(/exited with code 05/);
    });
  });
  it("follows children, and lets them go", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder);
      const child = gdbOn(folder, program, [
        "handle SIGUSR1 nostop noprint pass",
        "set follow-fork-mode child",
        "break in_child",
        "continue",
        "backtrace 1",
        "next",
        "print shared[0]",
        "continue",
      ]);
      expect(child).toMatch(/hit Breakpoint 1, in_child/);
      expect(child).toMatch(/\$1 = 7\n/);
      expect(child).toMatch(/exited with code 03/);
      const parent = gdbOn(folder, program, [
        "handle SIGUSR1 nostop noprint pass",
        "catch fork",
        "continue",
        "continue",
        "print shared[0]",
        "info inferiors",
      ]);
      expect(parent.match(/Catchpoint 1 \(forked process \d+\)/g)).toHaveLength(2);
      const both = gdbOn(folder, program, [
        "handle SIGUSR1 nostop noprint pass",
        "set detach-on-fork off",
        "set schedule-multiple on",
        "break in_child",
        "continue",
        "next",
        "print shared[0]",
        "info inferiors",
      ]);
      expect(both).toMatch(/\* 2 +process \d+/);
      expect(both).toMatch(/\$1 = 7\n/);
    });
  });
  it("writes on a branch, and the past stays", minutes, async () => {
    await inFolder(async (folder) => {
      const said = gdbOn(folder, built(folder), [
        "handle SIGUSR1 nostop noprint pass",
        "break getppid",
        "continue",
        "print shared[0]",
        "monitor checkpoint here",
        "reverse-stepi",
        "set var shared[0] = 42",
        "print shared[0]",
        "monitor branch",
        "delete",
        "continue",
      ]);
      expect(said).toMatch(/\$1 = 499500\n/);
      expect(said).toMatch(/\$2 = 42\n/);
      expect(said).toMatch(/\* 1 {2}from \d+:\d+ of 0/);
      expect(said).toMatch(/done 42\n/);
    });
  });
  it("interrupts a program that never ends, forward and backward", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder);
      const stub = `cd ${top} && '${process.execPath}' --import tsx tools/trapgate.ts debug --listen - -- ${program} for-ever`;
      const child = spawn(...tied("gdb", ["-nx", "-q", "-iex", "set confirm off", "-iex", "set debuginfod enabled off", program]), {
        detached: true,
      });
      let said = "";
      const until = async (what: RegExp): Promise<void> => {
        const end = Date.now() + 90_000;
        while (!what.test(said)) {
          if (Date.now() > end) throw new Error(`gdb did not say ${what}: ${said}`);
          await new Promise((done) => setTimeout(done, 50));
        }
        said = "";
      };
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
      try {
        child.stdin.write(`target remote | ${stub}\n`);
        await until(/_start/);
        child.stdin.write("continue\n");
        await until(/Continuing/);
        await new Promise((done) => setTimeout(done, 3000));
        child.kill("SIGINT");
        await until(/received signal SIGINT/);
        child.stdin.write("reverse-continue\n");
        await until(/Continuing/);
        child.kill("SIGINT");
        await until(/received signal SIGINT|history/);
        child.stdin.write("print shared[2] >= 0\n");
        await until(/\$1 = 1/);
      } finally {
        child.stdin.end("kill\nquit\n");
        await new Promise((done) => child.once("exit", done));
      }
    });
  });
});
