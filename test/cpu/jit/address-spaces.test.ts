// Switches between address spaces. Jumps still find code that both spaces have at the same address, and must
// not find code that differs. The program calls functions whose pages differ between the spaces. One of them
// crosses a page end.
import { beforeAll, describe, expect, it } from "vitest";
import type { Cpu, CpuCode } from "../../../src/cpu/cpu.ts";
import type { engines } from "../../../src/cpu/engine.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { layout } from "../../../src/cpu/machine/layout.ts";
import type { Mmu } from "../../../src/cpu/machine/mmu.ts";
import { R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { flatCpu } from "./flat.ts";

const MAIN = 0x1000_0000;
const NEAR = 0x1100_0000;
const ACROSS = 0x1200_0000 + 4096 - 2;
const STACK = 0x2000_0000;
const ROUNDS = 40;
const frame = (n: number): number => layout.frames + n * 4096;
/** The frames of a space at the two pages of functions, and the numbers that their functions add. */
const variants = [
  { near: 2, second: 5, adds: 0x100 + 0x1000 },
  { near: 3, second: 5, adds: 0x200 + 0x1000 },
  { near: 2, second: 6, adds: 0x100 + 0x2000 },
  { near: 3, second: 6, adds: 0x200 + 0x2000 },
] as const;
const [main, stack, across] = [0, 1, 4];

const space = ({ near, second }: (typeof variants)[number]): Mmu => {
  const pages = new Map([
    [MAIN, main],
    [STACK, stack],
    [NEAR, near],
    [ACROSS - (ACROSS % 4096), across],
    [ACROSS - (ACROSS % 4096) + 4096, second],
  ]);
  const at = (page: number): number | undefined => (pages.has(page) ? frame(pages.get(page) as number) : undefined);
  return {
    translate: (address) => at(address - (address % 4096)) ?? -6,
    otherCode: (pages, frames) => pages.filter((page, n) => at(page) !== frames[n]),
  };
};

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});
const make = (engine: (typeof engines)[number], bits: 64 | 32): Cpu => {
  const cpu = flatCpu(code, engine, bits);
  const put = (n: number, offset: number, at: number, text: string): void =>
    cpu.state.u8.set(assemble(text, { mode: bits, at }).bytes, frame(n) + offset);
  put(main, 0, MAIN, `mov ecx, ${ROUNDS}\nagain: call ${NEAR}\ncall ${ACROSS}\ndec ecx\njnz again\nhlt`);
  for (const [near, adds] of [[2, 0x100] as const, [3, 0x200] as const]) put(near, 0, NEAR, `add eax, ${adds}\nret`);
  for (const [second, adds] of [[5, 0x1000] as const, [6, 0x2000] as const]) {
    const { bytes } = assemble(`add eax, ${adds}\nret`, { mode: bits, at: ACROSS });
    cpu.state.u8.set(bytes.subarray(0, 2), frame(across) + 4096 - 2);
    cpu.state.u8.set(bytes.subarray(2), frame(second));
  }
  return cpu;
};

describe.each(["interpret", "jit"] as const)("address spaces that share code, by %s", (engine) => {
  it.each([64, 32] as const)("run their own code where they do not share it, in %i bits", (bits) => {
    const r = new Random(bits);
    const cpu = make(engine, bits);
    const spaces = variants.map((v) => ({ ...v, mmu: space(v) }));
    for (let n = 0; n < 60; n++) {
      const { mmu, adds } = r.pick(spaces);
      cpu.setAddressSpace(mmu);
      cpu.state.rip = MAIN;
      cpu.state.setGpr(R.ax, 0);
      cpu.state.setGpr(R.sp, STACK + 4096);
      expect(cpu.run(100_000)).toBe(exit.fault);
      expect(cpu.state.i32[2 * R.ax]).toBe(ROUNDS * adds);
    }
  });
});
