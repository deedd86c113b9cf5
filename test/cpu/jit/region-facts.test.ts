// The second stage: immutable facts about drawn graphs (region-facts.ts, register-use.ts).
import { describe, expect, it } from "vitest";
import { registerOffset } from "../../../src/cpu/decode/instance.ts";
import { analyseRegion, type BlockFacts, type RegionFacts } from "../../../src/cpu/jit/analysis/region-facts.ts";
import { noRegisters, part, type RegisterSet, union } from "../../../src/cpu/jit/analysis/register-cache.ts";
import { registerUse } from "../../../src/cpu/jit/analysis/register-use.ts";
import { access } from "../../../src/cpu/machine/mmu.ts";
import { R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { plainDecoder } from "../../../src/cpu/text/disassemble.ts";
import { draw } from "./drawn.ts";

const sets = (...parts: RegisterSet[]): RegisterSet => parts.reduce(union, noRegisters);
const general = (...registers: number[]): RegisterSet => sets(...registers.map(part.general));

describe("the registers that an instruction uses", () => {
  const use = (text: string, mode: 64 | 32 = 64) => {
    const { bytes } = assemble(text, { mode, at: 0 });
    const decoder = plainDecoder();
    expect(decoder.decode(bytes, 0, bytes.length, 0, mode)).toBe("ok");
    return registerUse(decoder.d.copy(), registerOffset);
  };
  it.each<[text: string, mode: 64 | 32, reads: RegisterSet, writes: RegisterSet]>([
    ["mov rax, rbx", 64, general(R.bx), general(R.ax)],
    ["mov eax, ebx", 32, general(R.bx), sets(general(R.ax), part.zeroed(R.ax))],
    // The other bits of a narrow destination are read.
    ["mov ah, 1", 64, general(R.ax), general(R.ax)],
    ["mov rax, [rbx+rcx*8]", 64, general(R.bx, R.cx), general(R.ax)],
    ["lea rax, [rbx+rcx]", 64, general(R.bx, R.cx), general(R.ax)],
    ["mov [rbx], rax", 64, general(R.ax, R.bx), noRegisters],
    ["push rax", 64, general(R.ax, R.sp), general(R.sp)],
    ["add rax, rbx", 64, general(R.ax, R.bx), sets(general(R.ax), part.flags)],
    ["cmp rax, 1", 64, general(R.ax), part.flags],
    ["adc rax, 1", 64, sets(general(R.ax), part.flags), sets(general(R.ax), part.flags)],
    ["setz al", 64, sets(general(R.ax), part.flags), general(R.ax)],
    ["movaps xmm1, xmm2", 64, part.vector(2), part.vector(1)],
    ["vmovaps xmm1, xmm2", 64, part.vector(2), sets(part.vector(1), part.upper(1))],
    ["movd xmm1, eax", 64, general(R.ax), part.vector(1)],
    ["movsd xmm1, xmm2", 64, sets(part.vector(1), part.vector(2)), part.vector(1)],
    ["vaddpd ymm1, ymm2, ymm3", 64, sets(...[2, 3].flatMap((r) => [part.vector(r), part.upper(r)])), sets(part.vector(1), part.upper(1))],
  ])("%s (%d bits)", (text, mode, reads, writes) => {
    expect(use(text, mode)).toMatchObject({ reads, writes });
  });
  it("tells sure writes from those of one path", () => {
    expect(use("shl eax, cl").surelyWrites).toEqual(general(R.ax));
    expect(use("add eax, 1").surelyWrites).toEqual(sets(general(R.ax), part.flags));
  });
  it("tells loads from stores", () => {
    expect(use("add eax, [rbx]").memory).toBe(access.read);
    expect(use("add [rbx], eax").memory).toBe(access.write);
    expect(use("push rax").memory).toBe(access.write);
    expect(use("lea rax, [rbx]").memory).toBeUndefined();
  });
});

const analysed = (source: string, mode: 64 | 32 = 64, executions: (label: string) => number | undefined = () => undefined) => {
  const drawn = draw(source, { mode });
  const facts: RegionFacts = analyseRegion(drawn.graph, { registerOffset, executions: (key) => executions(drawn.labels([key])[0]!) });
  return { facts, of: (label: string): BlockFacts => facts.blocks.get(drawn.key(label))!, labels: drawn.labels };
};

describe("the facts of a region", () => {
  const loop = `start: xor eax, eax
head: add rax, [rsi]
add rsi, 8
test eax, eax
jz body
inc eax
body: dec ecx
jnz head
out: mov rbx, rax
ret`;
  it("name the registers of a loop scope, and no others", () => {
    const { of } = analysed(loop);
    const { scope } = of("head");
    expect(scope).toBe(of("body").scope);
    expect(of("out").scope).toBeUndefined();
    expect(scope).toMatchObject({ isRegion: false, steady: false });
    expect(scope!.written).toEqual(sets(general(R.ax, R.si, R.cx), part.flags));
    expect(scope!.accessed).toEqual(sets(general(R.ax, R.si, R.cx), part.flags));
  });
  it("know the predecessors and the tests of the budget", () => {
    const { of, labels } = analysed(loop);
    expect(labels(of("head").predecessors)).toEqual(["body", "start"]);
    expect(of("start").testsBudget).toBe(true);
    expect(of("head").testsBudget).toBe(false);
    expect(of("start").need).toBe(10);
  });
  it("give page ranges to the base registers of a long loop", () => {
    const often = (label: string): number => (label === "start" ? 1 : 1000);
    const long = analysed(loop, 64, often).of("head").pageRanges;
    expect([...long!.keys()]).toEqual([R.si]);
    expect(analysed(loop, 64, () => 1).of("head").pageRanges).toBeUndefined();
    expect(analysed(loop.replaceAll(/\br(?=[sab][ixp])/g, "e"), 32, often).of("head").pageRanges).toBeUndefined();
  });
  it("know a stack pointer that a loop keeps", () => {
    const { of } = analysed("start: nop\nhead: inc dword ptr [rsp+8]\ndec ecx\njnz head\nret");
    expect(of("head").scope!.steady).toBe(true);
    expect(analysed("start: nop\nhead: push rax\npop rax\ndec dword ptr [rsp+8]\njnz head\nret").of("head").scope!.steady).toBe(false);
  });
  it("divide a block into segments", () => {
    const { facts, of } = analysed("start: mov eax, 1\nfld qword ptr [rbx]\nfadd st0, st0\nfstp qword ptr [rbx]\ninc eax\ninc ecx\nret");
    expect(facts.hasX87Batches).toBe(true);
    expect(of("start").segments.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ["straight", 0, 1],
      ["x87", 1, 4],
      ["straight", 4, 6],
      ["single", 6, 7],
    ]);
    // A load pushes into a register that must be empty; no register below it is used.
    expect(of("start").segments[1]!.stack).toEqual({ full: 0, empty: 0x80, loads: 0 });
  });
  it("name the modes that are tested", () => {
    expect(analysed("start: addsd xmm0, xmm1\nret").facts.modes.map(({ field }) => field)).toContain("mxcsr");
    expect(analysed("start: add eax, 1\nret").facts.modes).toEqual([]);
  });
  it("find accesses near each other", () => {
    const near = analysed("start: mov eax, [rbx]\nmov ecx, [rbx+4]\nmov edx, [rbx+8]\nret").of("start").segments[0]!;
    expect(near).toMatchObject({ kind: "straight", isWorthTwoCopies: true });
    const far = analysed("start: mov eax, [rbx]\nmov ecx, [rsi+4]\nmov edx, [rdi+8]\nret").of("start").segments[0]!;
    expect(far.isWorthTwoCopies).toBe(false);
  });
});
