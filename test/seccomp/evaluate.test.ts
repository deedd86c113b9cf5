import { test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/seccomp/compile.ts";
import {
  BPF,
  checkFilter,
  evaluate,
  jump,
  type Program,
  type SeccompProfile,
  stmt,
  upstream,
  v6,
  wordsOf,
} from "../../src/seccomp/index.ts";
import { anyCase, linkable, upstreamProgram, v6DialectProgram } from "./arbitrary.ts";

const data = {
  nr: -2,
  arch: 0xc000003e,
  ipLo: 0x11111111,
  ipHi: 0x22222222,
  args: Uint32Array.from({ length: 12 }, (_, i) => 0x01020304 * (i + 1)),
};
/** The value by both readers, which must agree. */
const run = (profile: SeccompProfile, ...program: Program): number => {
  expect(checkFilter(profile, program)).toBeUndefined();
  const memory = new WebAssembly.Memory({ initial: 1 });
  const words = new Uint32Array(memory.buffer, 0, 16);
  words.set(wordsOf(profile.layout, data));
  const value = evaluate(profile, program, words);
  expect(compile(profile, program, memory)() >>> 0).toBe(value);
  return value;
};
const A = stmt(BPF.RET | BPF.A);
const imm = (k: number) => stmt(BPF.LD | BPF.IMM, k);
const x = (k: number) => stmt(BPF.LDX | BPF.IMM, k);
const alu = (field: number, a: number, b: number, profile = upstream) => [
  run(profile, imm(a), stmt(BPF.ALU | field | BPF.K, b), A),
  run(profile, imm(a), x(b), stmt(BPF.ALU | field | BPF.X), A),
];
const word = (profile: SeccompProfile, k: number) => run(profile, stmt(BPF.LD | BPF.W | BPF.ABS, k), A);

describe("the data", () => {
  it("is 64 bytes upstream: nr, arch, instruction pointer, arguments", () => {
    expect([0, 4, 8, 12, 16, 60].map((k) => word(upstream, k).toString(16))).toEqual([
      "fffffffe",
      "c000003e",
      "11111111",
      "22222222",
      "1020304",
      (0x01020304 * 12).toString(16),
    ]);
  });
  it("is 56 bytes in v6: nr, a reserved 0, arguments", () => {
    expect([0, 4, 8, 52].map((k) => word(v6, k))).toEqual([0xfffffffe, 0, 0x01020304, 0x01020304 * 12]);
    expect(run(v6, stmt(BPF.LD | BPF.W | BPF.LEN), A)).toBe(56);
    expect(run(upstream, stmt(BPF.LDX | BPF.W | BPF.LEN), stmt(BPF.MISC | BPF.TXA), A)).toBe(64);
  });
  it("is read by v6 in host byte order, at any place and width", () => {
    expect(run(v6, stmt(BPF.LD | BPF.W | BPF.ABS, 9), A)).toBe(0x08010203);
    expect(run(v6, stmt(BPF.LD | BPF.H | BPF.ABS, 8), A)).toBe(0x0304);
    expect(run(v6, stmt(BPF.LD | BPF.B | BPF.ABS, 11), A)).toBe(0x01);
    expect(run(v6, x(3), stmt(BPF.LD | BPF.B | BPF.IND, 7), A)).toBe(0x02);
    expect(run(v6, stmt(BPF.LDX | BPF.B | BPF.MSH, 8), stmt(BPF.MISC | BPF.TXA), A)).toBe(4 << 2);
  });
  it("ends in v6 with a denial at a load outside it", () => {
    const ALLOW = stmt(BPF.RET | BPF.K, 0xffffffff);
    const guarded = (...load: Program) => run(v6, ...load, ALLOW);
    expect(guarded(stmt(BPF.LD | BPF.W | BPF.ABS, 52))).toBe(0xffffffff);
    expect(guarded(stmt(BPF.LD | BPF.W | BPF.ABS, 53))).toBe(0);
    expect(guarded(stmt(BPF.LD | BPF.B | BPF.ABS, 0xfffff000))).toBe(0);
    expect(guarded(stmt(BPF.LDX | BPF.B | BPF.MSH, 56))).toBe(0);
    expect(guarded(x(0xffffffff), stmt(BPF.LD | BPF.W | BPF.IND, 0))).toBe(0);
    expect(guarded(x(0xfffffffc), stmt(BPF.LD | BPF.W | BPF.IND, 8))).toBe(0xffffffff);
  });
});

describe("arithmetic", () => {
  it("wraps at 32 bits", () => {
    expect(alu(BPF.ADD, 0xffffffff, 2)).toEqual([1, 1]);
    expect(alu(BPF.SUB, 1, 2)).toEqual([0xffffffff, 0xffffffff]);
    expect(alu(BPF.MUL, 0xffffffff, 0xffffffff)).toEqual([1, 1]);
    expect(run(upstream, imm(1), stmt(BPF.ALU | BPF.NEG), A)).toBe(0xffffffff);
  });
  it("divides unsigned, and a division by X = 0 ends the program with 0", () => {
    expect(alu(BPF.DIV, 0xffffffff, 2)).toEqual([0x7fffffff, 0x7fffffff]);
    for (const profile of [upstream, v6]) {
      expect(run(profile, imm(8), stmt(BPF.ALU | BPF.DIV | BPF.X), stmt(BPF.RET | BPF.K, 0x7fff0000))).toBe(0);
    }
  });
  it("masks shift counts to 5 bits as x86 does", () => {
    expect(run(upstream, imm(1), x(33), stmt(BPF.ALU | BPF.LSH | BPF.X), A)).toBe(2);
    expect(run(upstream, imm(5), x(32), stmt(BPF.ALU | BPF.RSH | BPF.X), A)).toBe(5);
    expect(alu(BPF.LSH, 1, 33, v6)).toEqual([2, 2]);
  });
  it("divides by a rounded reciprocal where the era's bug is switched on", () => {
    const era = { ...v6, reciprocalDivision: true };
    expect(run(era, imm(7), stmt(BPF.ALU | BPF.DIV | BPF.K, 1), A)).toBe(0);
    expect(run(era, imm(100), stmt(BPF.ALU | BPF.DIV | BPF.K, 7), A)).toBe(14);
    expect(run(era, imm(0xffffffff), stmt(BPF.ALU | BPF.DIV | BPF.K, 3), A)).toBe(0x55555555);
    expect(run(era, imm(0xfffffffe), stmt(BPF.ALU | BPF.DIV | BPF.K, 0xffffffff), A)).toBe(1);
    expect(run(v6, imm(7), stmt(BPF.ALU | BPF.DIV | BPF.K, 1), A)).toBe(7);
  });
  it("compares unsigned", () => {
    const test = (field: number, a: number, b: number) =>
      run(upstream, imm(a), jump(BPF.JMP | field, b, 0, 1), stmt(BPF.RET | BPF.K, 1), stmt(BPF.RET | BPF.K, 2)) === 1;
    expect([test(BPF.JGT, 0xffffffff, 1), test(BPF.JGT, 1, 1), test(BPF.JGE, 1, 1), test(BPF.JSET, 6, 3), test(BPF.JSET, 4, 3)]).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe("the compiled form", () => {
  for (const [name, profile, program] of [
    ["upstream", upstream, upstreamProgram],
    ["v6", v6, v6DialectProgram],
    ["v6 with reciprocal division", { ...v6, reciprocalDivision: true }, v6DialectProgram],
  ] as const) {
    test.prop([program, anyCase], { numRuns: 400 })(`returns what the evaluator returns, ${name}`, (insns, c) => {
      const { memory, words } = linkable(profile.layout, c);
      expect(compile(profile, insns, memory)() >>> 0).toBe(evaluate(profile, insns, words));
    });
  }
  it("carries the longest program with the deepest jumps", () => {
    const far = Array.from({ length: 4094 }, (_, i) => jump(BPF.JMP | BPF.JEQ, i, Math.min(255, 4093 - i), 0));
    expect(run(upstream, imm(4093), ...far, A)).toBe(4093);
  });
});
