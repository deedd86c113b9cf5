// Every row has a description, in general and for an instruction, and the description is true.
import { expect, it, describe as suite } from "vitest";
import { describe, describeRow } from "../../src/cpu/describe/index.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";
import { assemble } from "../../src/cpu/text/assemble.ts";
import { disassemble, instructionText, plainDecoder } from "../../src/cpu/text/disassemble.ts";
import { candidates } from "../../tools/oracle/encodings.ts";
import { Random } from "../../tools/oracle/random.ts";
import { type Mode, modes } from "../../tools/oracle/world.ts";

const told = (text: string, mode: Mode = 64): string[] => {
  const [line] = disassemble(assemble(text, { mode, at: 0x1000 }).bytes, { mode, at: 0x1000 });
  if (!line?.instruction) throw new Error(text);
  return describe(line.instruction).split("\n");
};
const row = (name: string, encoding: string): string[] => {
  const found = rows.find((r) => r.name === name && r.encoding === encoding);
  if (!found) throw new Error(`${name} ${encoding}`);
  return describeRow(found).split("\n");
};
/** Texts that no description may contain, and an empty line. */
const broken = /undefined|\[object|NaN|=>|^\s*$/m;

suite("describing instructions", () => {
  it("assigns, and tells of flags", () => {
    expect(told("add rax, 5")).toEqual(["rax ← rax + 5", "flags ← add(old rax, 5)"]);
    expect(told("adc eax, ebx")).toEqual(["eax ← eax + ebx + CF", "flags ← add(old eax, ebx) giving eax"]);
    expect(told("cmp eax, [rbp-8]")).toEqual(["flags ← sub(eax, mem32[rbp-0x8])"]);
    expect(told("lock inc dword ptr fs:[rax]")).toEqual(["v = mem32[fs:rax]", "mem32[fs:rax] ← v + 1", "flags but CF ← inc(v)"]);
    expect(told("popcnt eax, ecx")).toEqual(["eax ← ones(ecx)", "CF PF AF SF OF ← 0, ZF ← eax = 0"]);
    expect(told("lea rax, [rip+0x10]")).toEqual(["rax ← 0x1017"]);
  });
  it("keeps what a register or memory held before", () => {
    expect(told("xchg eax, ebx")).toEqual(["ebx ← eax", "eax ← old ebx"]);
    expect(told("pop rbx")).toEqual(["v = mem64[rsp]", "rsp ← rsp + 8", "rbx ← v"]);
    expect(told("push rsp")).toEqual(["sp = rsp - 8", "mem64[sp] ← rsp", "rsp ← sp"]);
    expect(told("mul rcx")).toEqual(["rax ← rax * rcx", "rdx ← high64(old rax * rcx)", "CF OF ← high64(old rax * rcx) ≠ 0"]);
  });
  it("shows structure: conditions, repetition, the way out", () => {
    expect(told("jne 0x1000")).toEqual(["if !ZF: jump to 0x1000"]);
    expect(told("rep movsb")).toEqual([
      "repeat while rcx ≠ 0; each time rcx ← rcx - 1:",
      "  mem8[rdi] ← mem8[rsi]",
      "  step = DF ? -1 : 1",
      "  rsi ← rsi + step",
      "  rdi ← rdi + step",
    ]);
    expect(told("cmpxchg [rdi], esi")).toEqual([
      "v = mem32[rdi]",
      "if eax = v:",
      "  mem32[rdi] ← esi",
      "else:",
      "  eax ← v",
      "flags ← sub(old eax, v)",
    ]);
    expect(told("int 0x80")).toEqual(["enter the kernel: int80"]);
    expect(told("aam 0", 32)).toEqual(["fault #DE"]);
    expect(told("nop")).toEqual(["nothing"]);
  });
  it("computes what the instruction says already", () => {
    expect(told("rol ecx, 1")[0]).toBe("ecx ← (ecx << 1) | (ecx >> 31)");
    expect(told("vinsertf128 ymm1, ymm2, [rax], 1")).toEqual(["ymm1 ← low ymm2.low, high mem128[rax]"]);
  });
  it("tells of rows in the manual's words", () => {
    expect(row("add", "01 Ev,Gv")).toEqual(["r/m32 ← r/m32 + r32", "flags ← add(old r/m32, r32)"]);
    expect(row("paddd", "66 0F FE Vx,Wx")).toEqual(["xmm1 ← i32x4.add(xmm1, xmm2/m128)"]);
    expect(row("bswap", "0F C8 Zv").length).toBe(2);
  });

  it("tells of every row", () => {
    const bad = rows.filter((r) => broken.test(describeRow(r))).map((r) => `${r.name} ${r.encoding}: ${describeRow(r)}`);
    expect(bad).toEqual([]);
  });
  it.each(modes)("tells of every kind of instruction in %i-bit mode", (mode) => {
    const decoder = plainDecoder();
    const bad: string[] = [];
    let count = 0;
    for (const vex of [false, true]) {
      for (const buffer of candidates(mode, vex, new Random(mode))) {
        for (let at = 0; at + 16 <= buffer.length; at += 16) {
          if (decoder.decode(buffer, at, at + 16, 0x1000, mode) !== "ok") continue;
          count++;
          const text = describe(decoder.d);
          if (broken.test(text)) bad.push(`${instructionText(decoder.d)}: ${text}`);
        }
      }
    }
    expect(count).toBeGreaterThan(10_000);
    expect(bad.slice(0, 5)).toEqual([]);
  });
});
