// Models of Intel's processors behave as others' measurements of such processors, where the architecture
// leaves the behaviour open.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { EF, R, S, STATUS_FLAGS, vector } from "../../../src/cpu/machine/state.ts";
import { Case, caseBatch, fxAt, Result, stateAt } from "../../../tools/oracle/case.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Emulator, tiers } from "../../../tools/oracle/emulate.ts";
import { CODE, DATA, ldtSelector, PAGE, selector, WINDOW } from "../../../tools/oracle/world.ts";
import { measured } from "./i9-10980xe.ts";

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});

/** Instructions of 64-bit code, each with its register inputs. Returns the state after the last one. */
const run = (model: string, tier: (typeof tiers)[number], steps: readonly ((c: Case) => void)[]): Result[] => {
  const batch = caseBatch(steps.length);
  steps.forEach((step, n) => {
    const c = new Case(batch, n);
    c.codeOffset = 0x7f0;
    c.run = true;
    const s = c.before;
    s.rflags = EF.IF | 2;
    s.setSelector(S.cs, selector.userCode64);
    for (const r of [S.ss, S.ds, S.es]) s.setSelector(r, selector.userData);
    s.rip = BigInt(c.codeOffset + CODE);
    s.view.setUint16(s.at + stateAt.fxsave + fxAt.control, 0x37f, true);
    s.view.setUint32(s.at + stateAt.fxsave + fxAt.mxcsr, 0x1f80, true);
    step(c);
  });
  const results = new Emulator(code, tier, model).runAll(batch);
  return steps.map((_step, n) => new Result(results, n));
};

/** Opcodes for operands of 8 bits and of others: on rax (al), with rbx (bl) or cl. */
const opcodes: Readonly<Record<string, readonly [byte: string, word: string]>> = {
  ...Object.fromEntries(
    ["rol", "ror", "rcl", "rcr", "shl", "shr", "", "sar"].map((name, n) => {
      const modrm = (0xc0 + n * 8).toString(16);
      return [name, [`d2${modrm}`, `d3${modrm}`]] as const;
    }),
  ),
  shld: ["", "0fa5d8"],
  shrd: ["", "0fadd8"],
  bsf: ["", "0fbcc3"],
  bsr: ["", "0fbdc3"],
  imul2: ["", "0fafc3"],
  mul: ["f6e3", "f7e3"],
  imul: ["f6eb", "f7eb"],
  div: ["f6f3", "f7f3"],
  idiv: ["f6fb", "f7fb"],
};
const prefixes: Readonly<Record<string, string>> = { 8: "", 16: "66", 32: "", 64: "48" };

const lines = measured.trim().split("\n");
const cases = lines.map((line) => {
  const [name, width, ...numbers] = line.replace("> ", "").split(" ") as [string, string, ...string[]];
  const [flags, a, d, b, count, flagsAfter, aAfter, dAfter] = numbers.map((n) => BigInt(`0x${n}`)) as bigint[];
  const bytes = Buffer.from(`${prefixes[width]}${opcodes[name]![width === "8" ? 0 : 1]}`, "hex");
  const step = (c: Case): void => {
    c.code = bytes;
    c.before.rflags |= Number(flags);
    c.before.setGpr(R.ax, a!);
    c.before.setGpr(R.dx, d!);
    c.before.setGpr(R.bx, b!);
    c.before.setGpr(R.cx, count!);
  };
  // A 32-bit scan that finds nothing leaves the register, whose upper half is zero here; two operands leave
  // rdx.
  return { line, step, wanted: `${line}: ${Number(flagsAfter)} ${aAfter} ${dAfter}` };
});
const told = (line: string, { after }: Result): string => `${line}: ${after.rflags & STATUS_FLAGS} ${after.gpr(R.ax)} ${after.gpr(R.dx)}`;

describe("flags and results that the manuals leave open", () => {
  it.each(tiers)("are those of an i9-10980XE under its vendor's models, by %s", (tier) => {
    expect(cases.length).toBeGreaterThan(150);
    for (const model of ["max:intel", "x86-64-v1:intel"]) {
      const results = run(
        model,
        tier,
        cases.map(({ step }) => step),
      );
      expect(results.map((r, n) => told(cases[n]!.line, r))).toEqual(cases.map(({ wanted }) => wanted));
    }
  });
  it("and not under AMD's, but for BSF and BSR", () => {
    const results = run(
      "max:amd",
      "handlers",
      cases.map(({ step }) => step),
    );
    const nameOf = (line: string): string => line.split(" ")[0] as string;
    const different = new Set(cases.filter(({ line, wanted }, n) => told(line, results[n]!) !== wanted).map(({ line }) => nameOf(line)));
    const names = new Set(cases.map(({ line }) => nameOf(line)));
    expect([...names].filter((name) => !different.has(name))).toEqual(["bsf", "bsr"]);
  });

  /** One instruction on rax, with OF set before: OF and PF after. */
  const flagsAfter = (model: string, hex: string, before: number, registers: Readonly<Record<number, bigint>>): number[] =>
    tiers.map((tier) => {
      const [r] = run(model, tier, [
        (c) => {
          c.code = Buffer.from(hex, "hex");
          c.before.rflags |= before;
          for (const [n, v] of Object.entries(registers)) c.before.setGpr(Number(n), v);
        },
      ]) as [Result];
      return r.after.rflags & STATUS_FLAGS;
    });
  // So recorded of an 8700B, a 9980HK, a 10980XE and a 1260P: VirtualBox,
  // src/VBox/ValidationKit/bootsectors/bs3-cpu-instr-2-gen.cpp.
  it("a rotate of a register by an immediate leaves OF, but not by 1, nor of memory", () => {
    const same = (flags: number): number[] => tiers.map(() => flags);
    const registers = { [R.ax]: 0x4000_0000n, [R.bx]: BigInt(DATA + 0x800) };
    expect(flagsAfter("max:intel", "c1c003", EF.OF, registers)).toEqual(same(EF.OF)); // rol eax, 3
    expect(flagsAfter("max:intel", "c1c003", 0, registers)).toEqual(same(0));
    expect(flagsAfter("max:intel", "c1c001", 0, registers)).toEqual(same(EF.OF));
    expect(flagsAfter("max:intel", "c10303", EF.OF, registers)).toEqual(same(0)); // rol dword [rbx], 3
    expect(flagsAfter("max:amd", "c1c003", EF.OF, registers)).toEqual(same(0));
  });
  it("a rotate through the carry that comes around to where it was changes no flag", () => {
    const registers = { [R.ax]: 0x8000n, [R.cx]: 17n };
    for (const before of [0, EF.OF, EF.CF, EF.CF | EF.OF])
      for (const hex of ["66d3d0", "66d3d8"]) expect(flagsAfter("max:intel", hex, before, registers)).toEqual(tiers.map(() => before));
  });
  it("far pointers with REX.W have offsets of 64 bits", () => {
    const pointed = (hex: string, offset: bigint, target: number) => (c: Case) => {
      c.code = Buffer.from(hex, "hex");
      c.before.setGpr(R.bx, BigInt(DATA + WINDOW.offset));
      const pointer = Buffer.alloc(10);
      pointer.writeBigUInt64LE(offset);
      pointer.writeUInt16LE(target, 8);
      c.window.set(pointer);
    };
    const steps = [
      pointed("480fb403", 0x1122_3344_5566_7788n, 0), // lfs rax, [rbx]
      pointed("48ff2b", BigInt(CODE + 0x7f8), selector.userCode64), // jmp far [rbx], to an int3
      pointed("48ff2b", 1n << 47n, selector.userCode64),
    ];
    for (const tier of tiers) {
      const [loaded, jumped, wild] = run("max:intel", tier, steps) as [Result, Result, Result];
      expect([loaded.after.gpr(R.ax), loaded.after.selector(S.fs)]).toEqual([0x1122_3344_5566_7788n, 0]);
      expect([jumped.trap, jumped.after.rip]).toEqual([vector.BP, BigInt(CODE + 0x7f9)]);
      expect(wild.trap).toBe(vector.GP);
      // The selector of one with an offset of 32 bits is in the middle.
      expect(run("max:amd", tier, steps).map(({ trap }) => trap)).toEqual([vector.GP, vector.GP, vector.GP]);
    }
  });
  it("LOCK before MOV of CR0 is nothing", () => {
    const step = (c: Case): void => {
      c.code = Buffer.from("f00f20c0", "hex");
    };
    for (const tier of tiers)
      expect(["max:intel", "max:amd"].map((model) => run(model, tier, [step])[0]!.trap)).toEqual([vector.UD, vector.GP]);
  });
  it("SHA instructions want their memory aligned", () => {
    const unaligned = (c: Case): void => {
      c.code = Buffer.from("0f38cc03", "hex"); // sha256msg1 xmm0, [rbx]
      c.before.setGpr(R.bx, BigInt(DATA + 0x804));
    };
    for (const tier of tiers)
      expect(["max:intel", "max:amd"].map((model) => run(model, tier, [unaligned])[0]!.trap)).toEqual([vector.GP, vector.BP]);
  });
});

describe("faults that a processor of Intel was asked for", () => {
  /** The end of a case: the vector, and the error code or the address. */
  const ends = (model: string, step: (c: Case) => void): string[] =>
    tiers.map((tier) => {
      const [r] = run(model, tier, [step]) as [Result];
      return `${r.trap} ${r.trap === vector.PF ? r.cr2.toString(16) : r.error.toString(16)}`;
    });
  const same = (text: string): string[] => tiers.map(() => text);

  it("IRET of 64-bit code looks at the stack segment before the offset where it goes", () => {
    const iret = (offset: bigint, cs: number, ss: number) => (c: Case) => {
      c.code = Buffer.from("48cf", "hex");
      c.before.setGpr(R.sp, BigInt(DATA + WINDOW.offset));
      const frame = new DataView(c.window.buffer, c.window.byteOffset);
      [offset, BigInt(cs), 2n, BigInt(DATA + PAGE), BigInt(ss)].forEach((v, n) => void frame.setBigUint64(8 * n, v, true));
    };
    const [beyond, nobodys] = [0x10000n, 1n << 47n];
    const code32 = ldtSelector("code32");
    for (const [offset, cs] of [
      [beyond, code32],
      [nobodys, selector.userCode64],
    ] as const) {
      expect(ends("max:intel", iret(offset, cs, 0x5980))).toEqual(same(`${vector.GP} 5980`));
      expect(ends("max:intel", iret(offset, cs, ldtSelector("absent")))).toEqual(
        same(`${vector.SS} ${(ldtSelector("absent") & ~3).toString(16)}`),
      );
      expect(ends("max:intel", iret(offset, cs, selector.userData))).toEqual(same(`${vector.GP} 0`));
      expect(ends("max:amd", iret(offset, cs, 0x5980))).toEqual(same(`${vector.GP} 0`));
    }
  });
  it("an offset in GS need not be canonical where the linear address is", () => {
    const load = (c: Case): void => {
      c.code = Buffer.from("658b01", "hex"); // mov eax, gs:[rcx]
      c.before.gsBase = BigInt(DATA);
      c.before.setGpr(R.cx, BigInt.asUintN(64, -(2n ** 47n) - BigInt(DATA)));
    };
    expect(ends("max:intel", load)).toEqual(same(`${vector.PF} ffff800000000000`));
    expect(ends("max:amd", load)).toEqual(same(`${vector.GP} 0`));
  });
  it("a masked move is #GP if the last that it wants is not canonical, GS's base included", () => {
    const move = (hex: string, lanes: readonly (0 | 1)[], offset: bigint, base: bigint) => (c: Case) => {
      c.code = Buffer.from(hex, "hex");
      c.before.gsBase = base;
      c.before.setGpr(R.cx, BigInt.asUintN(64, offset));
      const mask = Buffer.concat(lanes.map((lane) => Buffer.from(`00000000000000${lane ? "80" : "7f"}`, "hex")));
      c.before.fxsave.set(mask.subarray(0, 16), fxAt.xmm + 16);
      c.before.ymmHigh.set(mask.subarray(16), 16);
    };
    const base = 0x41a_326b_7025n;
    const end = 1n << 47n;
    // vpmaskmovq ymm3, ymm1, gs:[rcx], and the store
    for (const hex of ["65c4e2f58c19", "65c4e2f58e19"]) {
      expect(ends("max:intel", move(hex, [1, 0, 1, 1], end - base - 8n, base))).toEqual(same(`${vector.GP} 0`));
      expect(ends("max:intel", move(hex, [1, 0, 0, 0], end - base - 8n, base))).toEqual(same(`${vector.PF} 7ffffffffff8`));
      const at = -end - BigInt(DATA);
      expect(ends("max:intel", move(hex, [1, 0, 0, 1], at, BigInt(DATA)))).toEqual(same(`${vector.PF} ffff800000000000`));
    }
  });
});

describe("RCPSS and RSQRTSS", () => {
  /** In batches through the interpreter; of some the other tiers. */
  const approximate = (what: "rcp" | "rsqrt", inputs: readonly number[], tier: (typeof tiers)[number] = "handlers"): number[] => {
    const steps = inputs.map((bits) => (c: Case) => {
      c.code = Buffer.from(`f30f5${what === "rcp" ? 3 : 2}c1`, "hex"); // xmm0, xmm1
      c.before.view.setUint32(c.before.at + stateAt.fxsave + fxAt.xmm + 16, bits, true);
    });
    return run("x86-64-v1:intel", tier, steps).map(({ after }) => after.view.getUint32(after.at + stateAt.fxsave + fxAt.xmm, true));
  };
  const word = new DataView(new ArrayBuffer(4));
  const bitsOf = (x: number): number => (word.setFloat32(0, x), word.getUint32(0));
  const valueOf = (bits: number): number => (word.setUint32(0, bits), word.getFloat32(0));

  // biome-ignore format: table
  const published: readonly (readonly [what: "rcp" | "rsqrt", input: number, result: number, where: string])[] = [
    ["rcp", 0x3f800000, 0x3f7ff000, "FEX-Emu/FEX pull request 157"],
    ["rcp", 0x40000000, 0x3efff000, "read off a kernel that shows its seed (rcpps)"], ["rcp", 0x3fffffff, 0x3f000800, "the same"], ["rcp", 0x3faaaaab, 0x3f400000, "the same"],
    ["rcp", 0x41100000, 0x3de38000, "Boxedwine, tests of its x86 code"], ["rcp", 0x3dcccccd, 0x41200000, "the same"], ["rcp", 0x43800000, 0x3b7ff000, "the same"],
    ["rsqrt", 0x3f000000, 0x3fb4f800, "Xbox programs (a Pentium III)"], ["rsqrt", 0x40000000, 0x3f34f800, "the same, and Boxedwine"], ["rsqrt", 0x40800000, 0x3efff000, "the same"],
    ["rsqrt", 0x41200000, 0x3ea1e000, "simd-everywhere/simde issue 1222: an Intel processor"], ["rsqrt", bitsOf(0x2041), 0x3c344800, "the same"],
    ["rsqrt", 0x43800000, 0x3d7ff000, "Boxedwine"],
  ];
  it.each(tiers)("give on Intel's what has been published, by %s", (tier) => {
    for (const what of ["rcp", "rsqrt"] as const) {
      const points = published.filter(([name]) => name === what);
      const results = approximate(
        what,
        points.map(([, input]) => input),
        tier,
      );
      expect(results.map((bits, n) => [points[n]![3], bits.toString(16)])).toEqual(
        points.map(([, , bits, where]) => [where, bits.toString(16)]),
      );
    }
  });

  /**
   * To nearest, of a square root too, in integers: floor(2 sqrt(n / d)) is found by Newton's method, and
   * halved with rounding.
   */
  const root = (n: bigint): bigint => {
    let x = 1n << BigInt((n.toString(2).length + 1) >> 1);
    for (let next = (x + n / x) >> 1n; next < x; next = (x + n / x) >> 1n) x = next;
    return x;
  };
  it("are the exact result for the middle of an interval, rounded to twelve bits, over all intervals", () => {
    const reciprocals = Array.from({ length: 2048 }, (_, n) => (127 << 23) | (n << 12) | ((n * 2731) & 0xfff));
    expect(approximate("rcp", reciprocals)).toEqual(
      reciprocals.map((_bits, n) => {
        const middle = BigInt(4096 + 2 * n + 1); // of 4096
        const significand = Number(((2n << 25n) / middle + 1n) >> 1n); // 2 / middle, of 4096
        return (126 << 23) | ((significand - 4096) << 11);
      }),
    );
    for (const exponent of [127, 128]) {
      const roots = Array.from({ length: 1024 }, (_, n) => (exponent << 23) | (n << 13) | ((n * 5471) & 0x1fff));
      expect(approximate("rsqrt", roots)).toEqual(
        roots.map((_bits, n) => {
          const middle = BigInt(2048 + 2 * n + 1) << BigInt(exponent - 127); // of 2048
          const significand = Number((root((1n << 39n) / middle) + 1n) >> 1n); // 2 / sqrt(middle), of 4096
          return (126 << 23) | ((significand - 4096) << 11);
        }),
      );
    }
  });
  it("keep the manual's bound, and its ways with what is no ordinary number", () => {
    const some = Array.from({ length: 4000 }, (_, n) => ((1 + (n % 250)) << 23) | ((n * 2_654_435) & 0x7f_ffff));
    for (const [what, exact] of [
      ["rcp", (x: number) => 1 / x],
      ["rsqrt", (x: number) => 1 / Math.sqrt(x)],
    ] as const)
      approximate(what, some).forEach((bits, n) => {
        const wanted = exact(valueOf(some[n]!));
        expect(Math.abs(valueOf(bits) / wanted - 1)).toBeLessThanOrEqual(1.5 * 2 ** -12);
      });
    const [zero, subnormal, infinity, quiet] = [0, 0x7f_ffff, 0x7f80_0000, 0x7fc0_0000];
    const odd = [zero, subnormal, infinity, 0x7f80_0001, 0x8000_0000, 0xff80_0000];
    expect(approximate("rcp", odd)).toEqual([infinity, infinity, 0, quiet | 1, 0xff80_0000, 0x8000_0000]);
    expect(approximate("rsqrt", odd)).toEqual([infinity, infinity, 0, quiet | 1, 0xff80_0000, 0xffc0_0000]);
    // SDM Vol. 2B RCPSS: from where on results are surely tiny, and zeros, and until where surely not.
    const [tiny, smallest] = approximate("rcp", [0x7e80_0c01, 0x7e7f_e800]) as [number, number];
    expect(tiny).toBe(0);
    expect(smallest).toBeGreaterThan(0x7f_ffff);
  });
});
