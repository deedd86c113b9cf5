// gdb itself is the user: it debugs programs in the machine, forward and backward.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, gcc32, gdb, missing, nativeX64, top } from "../support/host.ts";
import { gdbOn } from "./gdb.ts";

const built = (folder: string, source: string, ...flags: string[]): string => {
  const program = `${folder}/${source.replace(/\.c$/, "")}`;
  execFileSync("gcc", ["-g", "-O0", "-static", ...flags, "-o", program, `${top}/test/debug/${source}`]);
  return program;
};
const minutes = { timeout: 180_000 };

describe.skipIf(missing("gdb on trapgate debug", nativeX64, gcc, gdb))("gdb", () => {
  it("breaks, steps, prints, and watches", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder, "crash.c");
      const said = gdbOn(folder, program, [
        "break add if v == 2",
        "continue",
        "backtrace",
        "next",
        "print *n",
        "finish",
        "watch counter",
        "continue",
        "print $rip == $pc",
        "x/2i $pc",
        "info registers eflags",
        "print $xmm0.v2_double",
        "print $st0",
        "print fib(12)",
        "continue",
        "continue",
        "print $_siginfo._sifields._sigfault.si_addr",
      ]);
      expect(said).toMatch(/Breakpoint 1, add \(v=2\)/);
      expect(said).toMatch(/#1 {2}0x[0-9a-f]+ in main \(\)/);
      expect(said).toMatch(/Old value = 3\nNew value = 6/);
      expect(said).toMatch(/Old value = 6\nNew value = 10/);
      expect(said).toMatch(/= 144\n/);
      expect(said).toMatch(/Program received signal SIGSEGV/);
      expect(said).toMatch(/\(void \*\) 0x8\n/);
    });
  });
  it("goes backward from a crash to the write that caused it", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder, "crash.c");
      const said = gdbOn(folder, program, [
        "continue",
        "watch list",
        "reverse-continue",
        "print list != 0",
        "reverse-continue",
        "backtrace 2",
        "delete",
        "continue",
        "break fib if n == 7",
        "reverse-continue",
        "backtrace 2",
        "reverse-finish",
        "delete",
        "reverse-continue",
        "continue",
      ]);
      expect(said).toMatch(
        /Old value = \(struct node \*\) 0x0\nNew value = \(struct node \*\) 0x[0-9a-f]+\nmain \(\) at .*\n.*list = NULL;/,
      );
      expect(said).toMatch(/\$1 = 1/);
      expect(said).toMatch(/add \(v=4\)/);
      expect(said).toMatch(/Reached end of recorded history|No more reverse-execution history/);
      expect(said.match(/Program received signal SIGSEGV/g)).toHaveLength(3);
      expect(said).toMatch(/fib \(n=7\)/);
    });
  });
  it("begins at the end, and at a moment", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder, "crash.c");
      const atEnd = gdbOn(folder, program, ["backtrace", "monitor when", "reverse-stepi", "x/i $pc"], { options: ["--at-end"] });
      expect(atEnd).toMatch(/#0 .*main \(\) at .*crash\.c:23/);
      const moment = /(\d+):\d+ \(/.exec(atEnd)?.[1] as string;
      const there = gdbOn(folder, program, ["monitor when"], { options: ["--at", `${Number(moment) - 100}:0`] });
      expect(there).toContain(`${Number(moment) - 100}:0 (`);
    });
  });
  it("ends with gdb, which has files of processes open that are not yet there", minutes, async () => {
    await inFolder(async (folder) => {
      const args = ["-c", "sleep 1 & sleep 1 & wait"];
      const said = gdbOn(
        folder,
        "/bin/sh",
        ["catch syscall clock_nanosleep", "reverse-continue", "info threads", "delete", "reverse-continue", "echo the end\\n"],
        {
          options: ["--root", "/", "--at-end"],
          symbols: "",
          args,
        },
      );
      expect(said).toMatch(/Thread 2\.2 "sh".*Thread 3\.3.*Reached end of recorded history.*the end/s);
    });
  });
  it("steps forward over what it has stepped back", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder, "crash.c");
      const registers = ["print $pc", "print $rsp", "print $rax", "print $eflags"];
      const said = gdbOn(folder, program, [
        "break fib if n == 3",
        "continue",
        ...Array.from({ length: 4 }, () => ["stepi", ...registers]).flat(),
        ...Array.from({ length: 3 }, () => "reverse-stepi"),
        ...registers,
        ...Array.from({ length: 3 }, () => "stepi"),
        ...registers,
      ]);
      const values = [...said.matchAll(/^\$\d+ = (.*)$/gm)].map(([, value]) => value);
      expect(values).toHaveLength(24);
      expect(values.slice(16, 20)).toEqual(values.slice(0, 4));
      expect(values.slice(20)).toEqual(values.slice(12, 16));
    });
  });
  it("shows why a server of its own does not begin", minutes, async () => {
    await inFolder(async (folder) => {
      const none = `${folder}/none`;
      expect(gdbOn(folder, none, [])).toMatch(/^trapgate: .*\/none/m);
      expect(gdbOn(folder, none, [], { options: ["--history", "much"] })).toMatch(/^trapgate: --history .*much/m);
      expect(gdbOn(folder, none, [], { options: ["--backwards"] })).toMatch(/^trapgate: .*--backwards/m);
    });
  });
  it.skipIf(missing("gdb on 32-bit programs", gcc32))("debugs i386 programs", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder, "crash.c", "-m32");
      const said = gdbOn(folder, program, [
        "break add if v == 2",
        "continue",
        "print/x $cs",
        "print $eip == $pc",
        "backtrace",
        "continue",
        "reverse-next",
        "reverse-next",
        "print counter",
      ]);
      expect(said).toMatch(/Breakpoint 1, add \(v=2\)/);
      expect(said).toMatch(/\$1 = 0x23/);
      expect(said).toMatch(/Program received signal SIGSEGV/);
      expect(said).toMatch(/\$3 = 10/);
    });
  });
});
