// gdb on an x32 program: registers of 64 bits, pointers and long of 32.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64 } from "../support/host.ts";
import { gdbOn } from "./gdb.ts";

const source = `long count = 3;
const char *text = "abc";
static long less(long by) { return count -= by; }
void _start(void) {
  while (count > 0)
    less(1);
  __asm__ volatile("syscall" ::"a"(0x4000003c), "D"(0));
}
`;

describe.skipIf(missing("gdb on an x32 program", nativeX64, gcc, gdb))("gdb on an x32 program", () => {
  it("knows its registers, calls its functions, and has its dprintf executed", { timeout: 180_000 }, async () => {
    await inFolder(async (folder) => {
      const [file, program] = [`${folder}/x32.c`, `${folder}/x32`];
      writeFileSync(file, source);
      execFileSync("gcc", ["-mx32", "-g", "-O0", "-fno-pie", "-no-pie", "-nostdlib", "-static", "-o", program, file]);
      const commands = [
        "show architecture",
        "set dprintf-style agent",
        'dprintf less,"count=%ld %lx %lld %s\\n", count, -by, -1LL, text',
        "break 7",
        "continue",
        "print less(5)",
        "print sizeof(long)",
        "print $pc == (unsigned)$pc",
        "print $r12 = 0x123456789abcdef0",
        "print/x $r12",
        "reverse-continue",
        "print count",
      ];
      const said = gdbOn(folder, program, commands, { options: ["--x32"] });
      expect(said).toContain('(currently "i386:x64-32")');
      expect(said).not.toMatch(/not compatible|badly formatted|falling back/);
      expect(said.match(/^count=.*/gm)).toEqual([
        "count=3 ffffffff -1 abc",
        "count=2 ffffffff -1 abc",
        "count=1 ffffffff -1 abc",
        "count=0 fffffffb -1 abc",
      ]);
      expect(said.match(/(?<=^\$\d+ = ).*/gm)).toEqual(["-5", "4", "1", "1311768467463790320", "0x123456789abcdef0", "3"]);
    });
  });
});
