// Code that changes (code-snapshot.ts). Compiled code runs again only if its bytes are unchanged, and it
// reads rewritten immediates. Each iteration changes something and runs it, compiled and interpreted.
// Programs that generate code and call it must have the right results.
import { beforeAll, describe, expect, it } from "vitest";
import type { Cpu, CpuCode } from "../../../src/cpu/cpu.ts";
import { engines } from "../../../src/cpu/engine.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { directMap, layout } from "../../../src/cpu/machine/layout.ts";
import { cacheWrite } from "../../../src/cpu/machine/mmu.ts";
import { at, R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { flatCpu } from "./flat.ts";

const CODE = 0x1000_0000;
const OTHER = 0x1100_0000;
const DATA = 0x2000_0000;
// Adjacent pages are not adjacent in memory.
const pages = new Map([
  [CODE, layout.frames + 2 * 4096],
  [CODE + 4096, layout.frames],
  [OTHER, layout.frames + 3 * 4096],
  [DATA, layout.frames + 4096],
]);
/**
 * With this color the code page is direct-mapped. Compiled code stores to it without a slow path until it
 * holds code.
 */
const color = (layout.frames + 2 * 4096 - layout.window - CODE) & ((1 << directMap.bits) - 4096);
const placeOf = (address: number): number => pages.get(address - (address % 4096))! + (address % 4096);
const rounds = Number(process.env["ROUNDS"] ?? 400);

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});
const make = (engine: (typeof engines)[number], bits: 64 | 32): Cpu => {
  const cpu = flatCpu(code, engine, bits);
  cpu.setAddressSpace({ color, translate: (address) => (pages.get(address - (address % 4096)) ?? -6) + cacheWrite });
  return cpu;
};

/** Every encoding that has an immediate of the operand's size, and some that have a short one. */
const text = (bits: 64 | 32): string => {
  const [a, b, c, d] = bits === 64 ? ["rax", "rbx", "rcx", "r13"] : ["eax", "ebx", "ecx", "edx"];
  const wide = bits === 64 ? ["mov r14, 0x123456789abcdef0", "add rax, r14", "mov qword [rdi+8], 0x12345678", "add rax, [rdi+8]"] : [];
  return [
    `mov eax, 0x12345678`,
    ...["add", "or", "and", "sub", "xor", "cmp", "adc", "sbb"].flatMap((name) => [`${name} ${b}, 0x12345678`, `${name} ${a}, 0x12345678`]),
    `add ${b}, 5`,
    `test ${c}, 0x12345678`,
    `setz dl`,
    `imul ${d}, ${b}, 0x12345678`,
    `push 0x12345678`,
    `pop ${c}`,
    `add ${c}, ${d}`,
    `mov dword [${bits === 64 ? "rdi" : "edi"}], 0x12345678`,
    `add ${a}, [${bits === 64 ? "rdi" : "edi"}]`,
    `mov dx, 0x1234`,
    ...wide,
    `rol ${a}, 7`,
    `cmp ${a}, 0x12345678`,
    `hlt`,
  ].join("\n");
};

describe.each([64, 32] as const)("rewritten code of %i bits", (bits) => {
  it("runs as rewritten, whichever part of it changed", () => {
    const r = new Random(Number(process.env["SEED"] ?? bits));
    const compiled = make("jit", bits);
    const interpreted = make("interpret", bits);
    // Across the end of a page, and by one byte more each time.
    const done = { compiled: 0, revalidated: 0 };
    for (let start = CODE + 4096 - 40; start < CODE + 4096 - 8; start += 3) {
      const { bytes, statements } = assemble(text(bits), { mode: bits, at: start });
      const put = (from: number, what: Uint8Array): void => {
        for (const cpu of [compiled, interpreted])
          what.forEach((byte, n) => {
            const place = placeOf(from + n);
            cpu.state.u8[place] = byte;
            cpu.invalidateFrame(place - (place % 4096));
          });
      };
      const change = (): void => {
        const { address, bytes: was } = r.pick(statements);
        const { length } = was;
        switch (r.below(6)) {
          case 0: // Nothing but neighbours.
            return put(start + bytes.length + r.below(50), Uint8Array.of(r.u32()));
          case 1: // As it was.
            return put(start, bytes);
          case 2: // Another operation, where there is one beside it.
            return was[0] === 0x81 || was[1] === 0x81
              ? put(address + was.indexOf(0x81) + 1, Uint8Array.of(0xc3 ^ (r.below(8) << 3)))
              : undefined;
          default:
            if (length < 5) return undefined;
            return put(address + length - 4, new Uint8Array(Int32Array.of(r.chance(0.3) ? r.below(9) - 4 : r.u32()).buffer));
        }
      };
      put(start, bytes);
      for (let n = 0; n < rounds / 10; n++) {
        change();
        // A budget part may end soon.
        const soon = r.pick([1000, 1 + r.below(12)]);
        for (const cpu of [compiled, interpreted]) {
          const s = cpu.state;
          for (const reg of [R.ax, R.bx, R.cx, R.dx, R.r13]) s.u64[reg] = BigInt.asUintN(bits, BigInt(n) * 0x9e37_79b9n);
          s.u64[R.di] = BigInt(DATA);
          s.u64[R.sp] = BigInt(DATA + 2048);
          cpu.flags = 0;
          s.rip = start;
          // Code that ran once may be compiled.
          if (cpu === compiled) expect(cpu.jit.compile(start)).toBe(true);
          let why = cpu.run(soon);
          while (why === exit.budget) why = cpu.run(1000);
          expect(why).toBe(exit.fault);
        }
        expect(compiled.flags).toBe(interpreted.flags);
        expect(Buffer.from(compiled.state.u8.subarray(at.gpr, at.rip + 8))).toEqual(
          Buffer.from(interpreted.state.u8.subarray(at.gpr, at.rip + 8)),
        );
      }
      done.compiled = compiled.jit.stats.regions;
      done.revalidated = compiled.jit.stats.revalidated;
    }
    expect(compiled.instructions).toBe(interpreted.instructions);
    // Regions are revalidated more often than recompiled.
    expect(done.revalidated).toBeGreaterThan(done.compiled);
  });

  it.each(engines.flatMap((engine) => [777, 46, 13, 3].map((chunk) => [engine, chunk] as const)))(
    "generates and calls functions, and changes itself: %s, %d instructions at a time",
    (engine, chunk) => {
      const cpu = make(engine, bits);
      const [a, b, d] = bits === 64 ? ["rax", "rbx", "rdx"] : ["eax", "ebx", "edx"];
      // Function n of four returns a number that is rewritten in each iteration. Each one is called ten
      // times. The loop's own immediate grows.
      const main = assemble(
        `again:
        add dword [${d}], 3
        add ${b}, 0x11111111
        mov ebp, 10
      call_it:
        call ${a}
        sub ebp, 1
        jnz call_it
        add ${a}, 64
        and ${a}, ${OTHER + 0xc0}
        mov byte [${a}], 0xb9
        mov [${a}+1], ebx
        mov dword [${a}+5], 0xc3ce01
        sub edi, 1
        jnz again
        hlt`,
        { mode: bits, at: CODE },
      );
      const s = cpu.state;
      s.u8.set(main.bytes, placeOf(CODE));
      for (let n = 0; n < 4; n++) s.u8.set([0xb9, n, 0, 0, 0, 0x01, 0xce, 0xc3], placeOf(OTHER + n * 64));
      const own = main.statements.find(({ bytes }) => bytes.includes(0x81) && bytes.at(-1) === 0x11)!;
      s.u64[R.ax] = BigInt(OTHER);
      s.u64[R.bx] = 0n;
      s.u64[R.si] = 0n;
      s.u64[R.di] = 500n;
      s.u64[R.sp] = BigInt(DATA + 2048);
      s.u64[R.dx] = BigInt(own.address + own.bytes.length - 4);
      s.rip = CODE;
      while (cpu.run(chunk) !== exit.fault);
      let [sum, immediate, bx] = [0, 0x1111_1111, 0];
      const functions = [0, 1, 2, 3];
      for (let n = 0; n < 500; n++) {
        immediate = (immediate + 3) | 0;
        bx = (bx + immediate) | 0;
        sum = (sum + 10 * functions[n % 4]!) | 0;
        functions[(n + 1) % 4] = bx;
      }
      expect(s.i32[R.si * 2]).toBe(sum);
      expect(s.i32[R.bx * 2]).toBe(bx);
      if (engine === "jit" && chunk === 777) expect(cpu.jit.stats.revalidated).toBeGreaterThan(0);
    },
  );

  it("stays valid while stores change its own immediates and bytes beside it, and faults like the interpreter", () => {
    const r = new Random(Number(process.env["SEED"] ?? bits));
    const [a, d, p] = bits === 64 ? ["rax", "rdx", "rbp"] : ["eax", "edx", "ebp"];
    // A read before a store that changes its value must not be repeated.
    const { bytes, statements } = assemble(
      `add ebx, 0x11111111
        mov [${d}], ebx
        xor ebx, 0x22222222
        mov [${d}+8], ebx
        add esi, ebx
        add ecx, [${p}]
        mov [${a}], edi
        mov byte [${d}-2], 0x81
        hlt`,
      { mode: bits, at: CODE },
    );
    const immediates = statements.filter((s) => s.bytes[0] === 0x81).map((s) => s.address + 2);
    expect(immediates[1]! - immediates[0]!).toBe(8);
    const cpus = (["jit", "interpret"] as const).map((engine) => make(engine, bits));
    for (const { state: s } of cpus) {
      s.u8.set(bytes, placeOf(CODE));
      for (const reg of [R.bx, R.cx, R.si]) s.u64[reg] = 0n;
      s.u64[R.ax] = BigInt(CODE + 2048);
      s.u64[R.dx] = BigInt(immediates[0]!);
    }
    const [compiled, interpreted] = cpus as [Cpu, Cpu];
    for (let n = 0; n < rounds; n++) {
      const faults = r.chance(0.5);
      for (const { state: s } of cpus) {
        s.u64[R.bp] = BigInt(faults ? DATA - 4096 : DATA);
        s.u64[R.di] = BigInt(n);
        s.rip = CODE;
      }
      if (faults) compiled.jit.compile(CODE);
      const soon = r.pick([1000, 1 + r.below(20)]);
      const ends = cpus.map((cpu) => {
        let why = cpu.run(soon);
        while (why === exit.budget) why = cpu.run(1000);
        return [why, cpu.state.rip, ...cpu.state.u64.subarray(0, 8)];
      });
      expect(ends[0]).toEqual(ends[1]);
    }
    expect(compiled.instructions).toBe(interpreted.instructions);
    expect(compiled.interpreted).toBeLessThan(compiled.instructions / 2);
    // Each round stores to the page several times. Both engines leave what a store does not change.
    for (const cpu of cpus) expect(cpu.blocks.invalidations).toBeLessThan(rounds / 3);
  });

  it.each(engines)("is the target of a cached call after rewriting or remapping: %s", (engine) => {
    const there = new Map(pages);
    const cpu = flatCpu(code, engine, bits);
    cpu.setAddressSpace({ color, translate: (address) => (there.get(address - (address % 4096)) ?? -6) + cacheWrite });
    const s = cpu.state;
    const [a, d] = bits === 64 ? ["rax", "rdi"] : ["eax", "edi"];
    const put = (frame: number, at: number, text: string): void => {
      s.u8.set(assemble(text, { mode: bits, at }).bytes, frame);
      cpu.invalidateFrame(frame);
    };
    const [first, second] = [placeOf(OTHER), layout.frames + 4 * 4096];
    put(placeOf(CODE), CODE, `again:\n call ${a}\n sub ${d}, 1\n jnz again\n hlt`);
    put(first, OTHER, "add esi, 1\n ret");
    put(second, OTHER, "add esi, 1000\n ret");
    s.u64[R.si] = 0n;
    const run = (...compiled: number[]): void => {
      s.u64[R.ax] = BigInt(OTHER);
      s.u64[R.di] = 20n;
      s.u64[R.sp] = BigInt(DATA + 2048);
      s.rip = CODE;
      // Code that ran once may be compiled.
      for (const ip of [CODE, CODE + 2]) cpu.blocks.find(ip);
      for (const ip of engine === "jit" ? compiled : []) expect(cpu.jit.compile(ip)).toBe(true);
      while (cpu.run(1000) !== exit.fault);
    };
    run(OTHER, CODE);
    put(first, OTHER, "sub esi, 3\n ret");
    run(CODE);
    there.set(OTHER, second);
    cpu.flushTlbPages(OTHER, OTHER + 4096);
    run(OTHER, CODE);
    there.set(OTHER, first);
    cpu.flushTlbPages(OTHER, OTHER + 4096);
    run();
    expect(s.i32[R.si * 2]).toBe(20 * (1 - 3 + 1000 - 3));
  });

  it.each(engines)("calls through a rewritten linkage stub: %s", (engine) => {
    const cpu = make(engine, bits);
    const s = cpu.state;
    const di = bits === 64 ? "rdi" : "edi";
    const put = (address: number, text: string): void => {
      s.u8.set(assemble(text, { mode: bits, at: address }).bytes, placeOf(address));
      cpu.invalidateFrame(placeOf(address - (address % 4096)));
    };
    const stub = (pointer: number): void => put(OTHER, `jmp ${bits === 64 ? "qword" : "dword"} [${pointer}]`);
    put(CODE, `again:\n call ${OTHER}\n sub ${di}, 1\n jnz again\n hlt`);
    for (const [n, add] of [1, 1000].entries()) {
      put(OTHER + 64 + n * 64, `add esi, ${add}\n ret`);
      s.u64[(placeOf(DATA) >> 3) + n] = BigInt(OTHER + 64 + n * 64);
    }
    s.u64[R.si] = 0n;
    for (let n = 0; n < 4; n++) {
      stub(DATA + (n % 2) * 8);
      s.u64[R.di] = 50n;
      s.u64[R.sp] = BigInt(DATA + 2048);
      s.rip = CODE;
      cpu.blocks.find(OTHER);
      if (engine === "jit" && n === 0) expect(cpu.jit.compile(CODE)).toBe(true);
      while (cpu.run(1000) !== exit.fault);
    }
    expect(s.i32[R.si * 2]).toBe(2 * 50 * 1001);
  });
});
