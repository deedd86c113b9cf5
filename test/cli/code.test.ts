// `trapgate disasm` and `trapgate explain`: their output by kind of input, and their messages for nonsense.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { disassemble, assemble as fromText, describe as told } from "trapgate/cpu";
import { describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { debian, missing } from "../support/host.ts";

const lines = (...args: string[]): string[] => {
  const { status, stdout, stderr } = trapgate(args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.trimEnd().split("\n");
};
const complaint = (...args: string[]): string => {
  const { status, stdout, stderr } = trapgate(args);
  expect(stdout).toBe("");
  expect(status).toBeGreaterThanOrEqual(125);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  return stderr.trimEnd();
};

describe("disasm", () => {
  it("reads bytes, plain code, and programs", async () => {
    expect(lines("disasm", "0f05", "c3")).toEqual(["   0:  0f 05                 syscall", "   2:  c3                    ret"]);
    expect(lines("disasm", guestPath("a2"))[0]).toBe("segment:");
    await inFolder(async (folder) => {
      const file = join(folder, "code");
      writeFileSync(file, Buffer.from("66b80100", "hex"));
      expect(lines("disasm", "--mode", "32", "--at", "0x1000", file)).toEqual(["1000:  66 b8 01 00           mov ax, 0x1"]);
      writeFileSync(file, readFileSync(guestPath("a2")).subarray(0, 80));
      expect(complaint("disasm", file)).toMatch(/has no code \[TG0306\]$/);
    });
  });
  const lua = debian("lua-i386");
  it.skipIf(missing("disassembling lua", lua))("takes the mode from the program, and its code from its sections", () => {
    const listing = lines("disasm", `${lua.path}/usr/bin/lua5.4`);
    expect(listing).toContain(".text:");
    expect(listing.length).toBeGreaterThan(60_000);
    expect(listing.some((l) => l.endsWith("  push ebp"))).toBe(true);
  });
  it("says in a line what it cannot read", () => {
    expect(complaint("disasm")).toBe("trapgate: there is nothing to disassemble (see trapgate disasm --help) [TG0106]");
    expect(complaint("disasm", "/")).toBe("trapgate: / is a directory [TG0901]");
    expect(complaint("disasm", "xyz")).toBe("trapgate: xyz: neither a file nor bytes in hexadecimal [TG0301]");
    expect(complaint("disasm", "--at", "here", "90")).toMatch(/^trapgate: --at wants an address/);
    expect(complaint("disasm", "--mode", "8", "90")).toMatch(/^trapgate: --mode has no value "8" \(there are 16, 32, 64\)/);
  });
});

describe("explain", () => {
  it("tells of bytes and of assembly", () => {
    expect(lines("explain", "--mode", "32", "40")).toEqual([
      "   0:  40                    inc eax",
      "       eax ← eax + 1",
      "       flags but CF ← inc(old eax)",
    ]);
    expect(lines("explain", "xor", "eax,", "eax;", "ret")).toHaveLength(9);
    expect(lines("explain", "06")).toEqual(["   0:  06                    db 0x6", "       no instruction: fault #UD"]);
    expect(complaint("explain", "movv eax, 1")).toBe('trapgate: line 1: there is no instruction "movv" [TG0701]');
  });
});

/** A whole program: ELF header, one segment, a loop that gets hot. man 5 elf */
const program = `
  db 0x7f, "ELF", 2, 1, 1, 0
  dq 0
  dw 2, 62
  dd 1
  dq start, 64, 0
  dd 0
  dw 64, 56, 1, 0, 0, 0
  dd 1, 5
  dq 0, 0x400000, 0x400000, end - 0x400000, end - 0x400000, 0x1000
start:
  mov ecx, 5000000
again:
  dec ecx
  jnz again
  mov eax, 60
  xor edi, edi
  syscall
end:`;

describe("asm", () => {
  it("prints a listing, or writes what a file or standard input says", async () => {
    await inFolder(async (folder) => {
      const [text, out] = [join(folder, "loop.s"), join(folder, "loop")];
      writeFileSync(text, program);
      expect(lines("asm", "--at", "0x400000", text).slice(-6, -3)).toEqual([
        "400078:  b9 40 4b 4c 00        mov ecx, 5000000",
        "40007d:  ff c9                 dec ecx",
        "40007f:  75 fc                 jnz again",
      ]);
      expect(trapgate(["asm", "--at", "0x400000", "-o", out, "-"], { input: program })).toEqual({ status: 0, stdout: "", stderr: "" });
      chmodSync(out, 0o755);
      expect(trapgate(["run", out]).status).toBe(0);
    });
  });
  it("says in a line what is wrong", async () => {
    expect(complaint("asm")).toBe("trapgate: asm takes one file (see trapgate asm --help) [TG0106]");
    expect(complaint("asm", "/nowhere")).toBe("trapgate: cannot read /nowhere: there is no such file [TG0901]");
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "x"), "nop\nnop 1 2\n");
      expect(complaint("asm", join(folder, "x"))).toBe(`trapgate: ${join(folder, "x")}: line 2: "1 2" cannot be read [TG0701]`);
    });
  });
});

describe("run --dump-jit", () => {
  const { bytes, labels } = fromText(program, { at: 0x400000 });
  const dump = (at: number) =>
    inFolder(async (folder) => {
      const file = join(folder, "loop");
      writeFileSync(file, bytes, { mode: 0o755 });
      return trapgate(["run", "--dump-jit", `0x${at.toString(16)}`, file]);
    });
  it("prints the region that holds an address", async () => {
    const again = labels.get("again") as number;
    const { status, stdout, stderr } = await dump(again + 2);
    expect(status).toBe(0);
    expect(stdout).toBe("");
    const [head, ...rest] = stderr.split("\n");
    expect(head).toMatch(/^region with 0x4000\w+: 1 blocks, \d+ bytes of WebAssembly$/);
    expect(rest.slice(0, 6)).toEqual([
      `0x${again.toString(16)}: branchIf -> 0x${again.toString(16)}`,
      `  0x${again.toString(16)}  dec ecx`,
      "      ecx ← ecx - 1",
      "      flags but CF ← dec(old ecx)",
      `  0x${(again + 2).toString(16)}  jne 0x${again.toString(16)}`,
      `      if !ZF: jump to 0x${again.toString(16)}`,
    ]);
    // With wabt its text, without it a word of where that comes from.
    expect(rest[6]).toMatch(/^\(module$|wabt/);
  });
  it("says so if none does", async () => {
    const { status, stderr } = await dump(0x10);
    expect(stderr).toMatch(/^trapgate: --dump-jit: none of the \d+ compiled regions holds 0x10\n$/);
    expect(status).toBe(0);
    expect(complaint("run", "--dump-jit", "main", "prog")).toMatch(/^trapgate: --dump-jit wants an address/);
  });
});

it("trapgate/cpu: the same as a library", () => {
  const { bytes } = fromText("again: dec ecx\n jnz again", { at: 0x401000 });
  const [first, second] = [...disassemble(bytes, { at: 0x401000 })];
  expect(second?.text).toBe("jne 0x401000");
  expect(first?.instruction && told(first.instruction)).toBe("ecx ← ecx - 1\nflags but CF ← dec(old ecx)");
});
