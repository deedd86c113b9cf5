import { test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { i386, x64 } from "../../src/abi/abi.ts";
import { assemble, BPF, disassemble, disassembleLines, jump, stmt, upstream, v6 } from "../../src/seccomp/index.ts";
import { anyInsns, anyProgram, upstreamProgram, v6DialectProgram } from "./arbitrary.ts";

const options = { ...upstream, abi: x64 };
const problems = (text: string) => assemble(text).problems.map((p) => `${p.line}:${p.column} ${p.code}`);

describe("the assembler", () => {
  it("reads one line of statements", () => {
    const { program, problems } = assemble("A = sys_number; A == 39 ? dead : ok; ok: return ALLOW; dead: return KILL   # 39 = x64 getpid");
    expect(problems).toEqual([]);
    expect(program).toEqual([
      stmt(BPF.LD | BPF.W | BPF.ABS, 0),
      jump(BPF.JMP | BPF.JEQ | BPF.K, 39, 1, 0),
      stmt(BPF.RET | BPF.K, 0x7fff0000),
      stmt(BPF.RET | BPF.K, 0),
    ]);
  });
  it("knows words of the data by the layout of the dialect", () => {
    const load = (text: string, dialect = upstream) => assemble(text, dialect).program[0]?.k;
    expect(["arch", "instruction_pointer >> 32", "args[0]", "args[5] >> 32", "args_h[5]"].map((w) => load(`A = ${w}`))).toEqual([
      4, 12, 16, 60, 60,
    ]);
    expect([load("A = args[0]", v6), load("A = arch", v6)]).toEqual([8, undefined]);
  });
  it("knows system calls of each ABI, architectures and actions by name", () => {
    const k = (text: string) => assemble(text).program.map((insn) => insn.k)[0];
    expect(["write", "i386.write", "x32.write", "ARCH_I386"].map((v) => k(`A == ${v} ? next : next`))).toEqual([
      1,
      4,
      0x40000001,
      i386.auditArch,
    ]);
    expect(["ALLOW", "ERRNO(EPERM)", "TRACE(7)", "KILL", "KILL_PROCESS", "0x7ffb0000"].map((v) => k(`return ${v}`))).toEqual([
      0x7fff0000, 0x00050001, 0x7ff00007, 0, 0x80000000, 0x7ffb0000,
    ]);
    expect(assemble("return ALLOW", v6).program[0]?.k).toBe(0xffffffff);
    expect(assemble("A == getpid ? next : next", { abi: i386 }).program[0]?.k).toBe(20);
  });
  it("says where each mistake is", () => {
    expect(problems("A = sys_number\n  A =+ 3; return ALOW")).toEqual(["2:3 syntax", "2:18 unknown-name"]);
    expect(problems("goto there; here: return ALLOW; here: return KILL")).toEqual(["1:33 duplicate-label", "1:6 unknown-label"]);
    expect(problems("a: A = 1; A == 1 ? a : next; return A")).toEqual(["1:11 jump-range"]);
    expect(problems(`A == 1 ? far : next; ${"A = 1;".repeat(256)} far: return A`)).toEqual(["1:1 jump-range"]);
    expect(problems("A = 0x100000000; A = data[99999999999]; .insn 0x10000 0 0 0")).toEqual([
      "1:1 number-range",
      "1:18 number-range",
      "1:41 number-range",
    ]);
    expect(problems("return ERRNO(65536)")).toEqual(["1:14 unknown-name"]);
  });
});

describe("the disassembler", () => {
  it("prints the listing of seccomp-tools, with names where it is certain what is compared", () => {
    const { program } = assemble(`
      A = arch
      A == ARCH_X86_64 ? next : compat
      A = sys_number
      A >= 0x40000000 ? dead : next
      A == openat ? look : ok
      look: A = args[2] >> 32
      A & 0x3 ? dead : ok
      compat: A == ARCH_I386 ? next : dead
      A = sys_number
      A == i386.socketcall ? dead : ok
      ok: return ALLOW
      dead: return ERRNO(13)`);
    expect(disassemble(program, options)).toBe(
      [
        " line  CODE  JT   JF      K",
        "=================================",
        " 0000: 0x20 0x00 0x00 0x00000004  A = arch",
        " 0001: 0x15 0x00 0x05 0xc000003e  if (A != ARCH_X86_64) goto 0007",
        " 0002: 0x20 0x00 0x00 0x00000000  A = sys_number",
        " 0003: 0x35 0x07 0x00 0x40000000  if (A >= 0x40000000) goto 0011",
        " 0004: 0x15 0x00 0x05 0x00000101  if (A != openat) goto 0010",
        " 0005: 0x20 0x00 0x00 0x00000024  A = args[2] >> 32",
        " 0006: 0x45 0x04 0x03 0x00000003  if (A & 0x3) goto 0011 else goto 0010",
        " 0007: 0x15 0x00 0x03 0x40000003  if (A != ARCH_I386) goto 0011",
        " 0008: 0x20 0x00 0x00 0x00000000  A = sys_number",
        " 0009: 0x15 0x01 0x00 0x00000066  if (A == i386.socketcall) goto 0011",
        " 0010: 0x06 0x00 0x00 0x7fff0000  return ALLOW",
        " 0011: 0x06 0x00 0x00 0x0005000d  return ERRNO(13)",
        "",
      ].join("\n"),
    );
  });
  it("writes what the text cannot say as .insn", () => {
    expect(
      disassembleLines(
        [
          { code: 0xffff, jt: 1, jf: 2, k: 3 },
          { code: 0x16, jt: 1, jf: 0, k: 0 },
        ],
        options,
      ),
    ).toEqual([".insn 0xffff 0x1 0x2 0x3", ".insn 0x16 0x1 0x0 0x0"]);
  });
});

describe("assembling what was disassembled", () => {
  for (const [name, arbitrary, dialect] of [
    ["checked upstream programs", upstreamProgram, upstream],
    ["v6 programs", v6DialectProgram, v6],
    ["programs near the edge", anyProgram, upstream],
    ["noise", anyInsns, upstream],
  ] as const) {
    test.prop([arbitrary], { numRuns: 300 })(`gives the same instructions: ${name}`, (program) => {
      expect(assemble(disassemble(program, { ...dialect, abi: x64 }), dialect)).toMatchObject({ program, problems: [] });
    });
  }
});

it("takes an option of undefined for an absent one", () => {
  const nothing = { layout: undefined, returns: undefined, abi: undefined } as object;
  const text = "A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)\n";
  expect(assemble(text, nothing)).toEqual(assemble(text));
  const { program } = assemble(text);
  expect(disassembleLines(program, nothing)).toEqual(disassembleLines(program));
});
