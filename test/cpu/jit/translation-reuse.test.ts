// Translation reuse (translation-reuse.ts): generated sequences of accesses near each other. Their registers
// point near page ends, and pages are direct-mapped or not, aliased, read-only, code, or unmapped, and
// change. Compiled code must agree with the interpreter.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { R, vector } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { CODE, codeFrame, DATA, DATA_PAGES, type Mapping, PAGE, plain, spareFrame, Twins } from "./twins.ts";

const SEEDS = 24;
/** The last page of data is the stack and does not change. */
const STACK = DATA_PAGES - 1;
/** The page of code that contains only a RET. */
const OTHER = 3;

/** A loop of blocks, each with several accesses through a few registers. */
const write = (r: Random, mode: 32 | 64): string => {
  const wide = (name: string): string => `${mode === 64 ? "r" : "e"}${name}`;
  const bases = ["bx", "si", "di"].map(wide);
  const step = r.pick([1, 4, 4, 8, 16]);
  // Distances in a block fit one translation, or exceed it somewhat.
  const spread = r.pick([8, 16, 40, 120, 240, 400]);
  const place = (base: string): string => {
    const at = Math.floor((r.below(spread) - spread / 2) / step) * step;
    return `[${base}${at < 0 ? "-" : "+"}${Math.abs(at)}]`;
  };
  const value = (w: 8 | 16 | 32 | 64): string => {
    const n = r.below(3);
    return { 8: ["al", "cl", "dl"], 16: ["ax", "cx", "dx"], 32: ["eax", "ecx", "edx"], 64: ["rax", "rcx", "rdx"] }[w][n] as string;
  };
  const access = (base: string): string => {
    const w = r.pick(mode === 64 ? ([8, 16, 32, 32, 64, 64] as const) : ([8, 16, 32, 32, 32] as const));
    const p = place(base);
    const x = `xmm${r.below(4)}`;
    const alu = r.pick(["add", "xor", "sbb", "or"]);
    switch (r.below(16)) {
      case 0:
      case 1:
      case 2:
        return `mov ${value(w)}, ${p}`;
      case 3:
      case 4:
      case 5:
        return `mov ${p}, ${value(w)}`;
      case 6:
        return `${alu} ${p}, ${value(w)}`;
      case 7:
        return `${alu} ${value(w)}, ${p}`;
      case 8:
        return `movups ${x}, ${p}\nmovups ${place(base)}, ${x}`;
      case 9:
        return `movsd ${x}, ${p}\npaddd ${x}, ${x}\nmovsd ${place(base)}, ${x}`;
      case 10:
        return `movzx ecx, byte ptr ${p}`;
      case 11:
        return `inc ${r.pick(["byte", "word", "dword"])} ptr ${p}`;
      case 12:
        return `push ${wide("ax")}\npush ${wide("cx")}\npop ${wide("dx")}\npop ${wide("cx")}`;
      case 13:
        return `mov dword ptr ${p}, ${r.below(1000)}`;
      case 14: {
        const v = value(w);
        return r.chance(0.5) ? `cmpxchg ${p}, ${v}` : `mov ${v}, ${p}\ncmpxchg ${p}, ${v}`;
      }
      default:
        return r.chance(0.5) ? `fld qword ptr ${p}\nfstp qword ptr ${place(base)}` : `lea ${base}, [${base}+${r.below(3) * 4}]`;
    }
  };
  // A successful read does not imply that the page is writable.
  const lines: string[] = [...bases.map((base) => `mov eax, [${base}]`), `mov dword ptr [${wide("bp")}-8], 8`, "again:"];
  for (let block = 0; block < 2 + r.below(3); block++) {
    const base = r.pick(bases);
    for (let n = 3 + r.below(8); n > 0; n--) lines.push(access(r.chance(0.75) ? base : r.pick(bases)));
    if (r.chance(0.5)) lines.push(`test al, ${1 << r.below(8)}`, `jz on${block}`, access(base), access(base), `on${block}:`);
    if (r.chance(0.3)) lines.push(`call ${CODE + OTHER * PAGE}`);
  }
  // Pointers move, also across page ends.
  for (const base of bases) lines.push(`add ${base}, ${r.pick([0, 1, 4, 20, 36, 100])}`);
  lines.push(`sub dword ptr [${wide("bp")}-8], 1`, "jg again", "hlt");
  return lines.join("\n");
};

describe.each([64, 32] as const)("near accesses of compiled %d-bit code", (mode) => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });

  it("equal the interpreter's for pages of every kind", { timeout: 120_000 }, () => {
    const twins = new Twins(code, mode);
    const set = (n: number, v: bigint): void => twins.each(({ state }) => void (state.u64[n] = mode === 64 ? v : v & 0xffff_ffffn));
    let [faults, compiled] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const r = new Random(seed * 2 + mode);
      const source = write(r, mode);
      // Code that assumes direct-mapped pages stays in half of the runs, and is recompiled at once in the
      // others.
      twins.each(({ jit }) => void (jit.patience = seed % 2 === 0 ? Number.POSITIVE_INFINITY : 0));
      const bytes = new Uint8Array((OTHER + 1) * PAGE).fill(0xf4);
      bytes.set(assemble(source, { mode, at: CODE }).bytes);
      bytes[OTHER * PAGE] = 0xc3;
      twins.load(bytes);
      twins.fill((n) => (n * 7 + (n >> 8) * seed) & 0xff);
      const mappings = (page: number): (Mapping | undefined)[] => [
        plain(page),
        plain(page),
        plain(page),
        { frame: page, writable: false },
        { frame: spareFrame(r.below(4)), writable: r.chance(0.7) },
        { frame: r.below(STACK), writable: true },
        { frame: codeFrame(r.chance(0.7) ? OTHER : 0), writable: true },
        undefined,
      ];
      const remap = (page: number): void => {
        if (page >= 0 && page < STACK) twins.map(page, r.pick(mappings(page)));
      };
      for (let page = 0; page < STACK; page++) twins.map(page, r.chance(0.5) ? plain(page) : r.pick(mappings(page)));
      twins.map(STACK, plain(STACK));
      const stack = BigInt(DATA + STACK * PAGE + 2048);
      const place = (): void => {
        for (const n of [R.bx, R.si, R.di]) {
          const end = (1 + r.below(STACK - 1)) * PAGE;
          set(n, BigInt(DATA + end + (r.chance(0.5) ? r.below(300) - 150 : r.below(PAGE) - PAGE / 2)));
        }
        set(R.bp, stack);
        set(R.sp, stack - 64n);
      };
      for (let round = 0; round < 10; round++) {
        twins.each(({ state }) => void (state.rip = CODE));
        for (const n of [R.ax, R.cx, R.dx]) set(n, r.word());
        place();
        if (round === 1) twins.compile(CODE);
        for (let slice = 0; slice < 60; slice++) {
          const where = (): string => `seed ${seed}, round ${round}, slice ${slice}\n${source}`;
          const { why, vector: v, rip, address } = twins.run(1 + r.below(r.chance(0.2) ? 20 : 500), where);
          if (why !== exit.fault) {
            if (r.chance(0.3)) remap(r.below(STACK));
            continue;
          }
          if (v !== vector.PF || rip < CODE || rip >= CODE + bytes.length) break;
          faults++;
          // The page becomes mapped, as by a kernel; or the program continues with other pointers, or repeats
          // the access.
          const how = r.below(3);
          if (how === 0) remap((Number(address) - DATA) >> 12);
          else if (how === 1) place();
          else twins.each(({ state }) => void (state.rip = CODE));
        }
      }
      compiled = twins.regions;
    }
    expect(compiled).toBeGreaterThan(SEEDS);
    expect(faults).toBeGreaterThan(10 * SEEDS);
    expect(twins.compiledShare).toBeGreaterThan(0.1);
    // Compiled code uses slow paths where most pages are not direct-mapped, and they are counted (`--stats`).
    // The interpreter uses none.
    const [counts, none] = twins.both(({ slowPathCounts }) => slowPathCounts);
    for (const name of ["acrossPages", "lookUp", "lookUpForStore"] as const)
      expect([name, counts[name] > SEEDS, none[name]]).toEqual([name, true, 0]);
  });

  it("test write access of CMPXCHG even if the value is known and stays", () => {
    const twins = new Twins(code, mode);
    const [a, d, base] = mode === 64 ? ["rax", "rdx", "rdi"] : ["eax", "edx", "edi"];
    const source = `again: mov ${d}, [${base}]\nmov ecx, [${base}+8]\ncmpxchg [${base}], ${d}\nlea ${a}, [${d}+1]\ndec ebx\njnz again\nhlt`;
    const { bytes, statements } = assemble(source, { mode, at: CODE });
    twins.load(bytes);
    const go = (rounds: number) => {
      twins.each(({ state }) => {
        state.rip = CODE;
        for (const [r, v] of [
          [R.ax, 1],
          [R.bx, rounds],
          [R.di, DATA],
        ] as const)
          state.setGpr(r, v);
      });
      return twins.run(100, () => source);
    };
    twins.map(0, plain(0));
    twins.compile(CODE);
    expect(go(5).vector).toBe(vector.GP);
    twins.map(0, { frame: 0, writable: false });
    // The page is not known at the first read.
    for (let n = 0; n < 3; n++) expect([go(5).vector, go(5).rip]).toEqual([vector.PF, statements[2]?.address]);
  });
});

it("32-bit code accesses the end of a page without a slow path, though the next page is unknown", async () => {
  const twins = new Twins(await freshCode(), 32);
  twins.fill((n) => n & 0xff);
  for (const page of [0, 1]) twins.map(page, plain(page));
  twins.load(assemble("again: add eax, [ebx]\nmov [ebx+4], eax\ndec edi\njnz again\nhlt", { mode: 32, at: CODE }).bytes);
  twins.each(({ state }) => {
    state.rip = CODE;
    state.setGpr(R.bx, DATA + PAGE - 8);
    state.setGpr(R.di, 10_000);
  });
  expect(twins.compile(CODE)).toBe(true);
  expect(twins.run(100_000, () => "at the end of a page").vector).toBe(vector.GP);
  // There is no side exit either.
  expect(twins.compiledShare).toBeGreaterThan(0.99);
  const [{ acrossPages, lookUp, lookUpForStore }] = twins.both((cpu) => cpu.slowPathCounts);
  expect(acrossPages + lookUp + lookUpForStore).toBeLessThan(10);
});

it("a read-modify-write keeps its address, though the instruction changes a register of it", async () => {
  const twins = new Twins(await freshCode(), 64);
  twins.fill((n) => n & 0xff);
  twins.map(0, plain(0));
  twins.load(assemble("mov eax, [rbx]\nxadd [rbx+8], bl\nmov eax, [rcx]\nxadd [rcx+16], cl\nhlt", { mode: 64, at: CODE }).bytes);
  // The page is not known at first.
  for (let times = 0; times < 3; times++) {
    twins.each(({ state }) => {
      state.rip = CODE;
      state.setGpr(R.bx, DATA + 0x100);
      state.setGpr(R.cx, DATA + 0x200);
    });
    twins.compile(CODE);
    expect(twins.run(1000, () => "XADD of a register of its address").vector).toBe(vector.GP);
  }
  expect(twins.compiledShare).toBeGreaterThan(0.3);
});
