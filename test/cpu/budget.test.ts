// A run ends after exactly as many instructions as it was given, however it is handed out in parts.
import { beforeAll, expect, test } from "vitest";
import { Cpu, type CpuCode } from "../../src/cpu/cpu.ts";
import { exit } from "../../src/cpu/machine/exit.ts";
import { layout } from "../../src/cpu/machine/layout.ts";
import { EF, R } from "../../src/cpu/machine/state.ts";
import { freshCode } from "../../tools/oracle/code.ts";
import { descriptorTables } from "../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../tools/oracle/emulate.ts";
import { selector } from "../../tools/oracle/world.ts";

const PAGE = 0x1000_0000;
const NOP = 0x90;
const POPF = 0x9d;

let code: CpuCode;
let cpu: Cpu;
beforeAll(async () => {
  code = await freshCode();
  cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), code);
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(selector.userCode64);
  cpu.setAddressSpace({ translate: (address) => (address >= PAGE && address < PAGE + 4096 ? layout.frames : -5) });
  cpu.engine = "jit"; // the smallest parts
});
/** Run code at the end of a page that nothing comes after: how the run ended, and after how many instructions. */
const run = (bytes: readonly number[]): readonly [number, number] => {
  cpu.invalidateFrame(layout.frames);
  cpu.state.u8.set(bytes, layout.frames + 4096 - bytes.length);
  cpu.state.rip = PAGE + 4096 - bytes.length;
  cpu.flags = 0;
  const before = cpu.instructions;
  return [cpu.run(1000), cpu.instructions - before];
};
const nops = (n: number): number[] => Array.from({ length: n }, () => NOP);

test("a fetch fault comes although a part of the budget ends just there", () => {
  for (let n = 1; n < 300; n++) expect([n, ...run(nops(n))]).toEqual([n, exit.fault, n]);
});

test("a single step comes although a part of the budget ends just there", () => {
  for (let n = 1; n < 300; n++) {
    cpu.state.setGpr(R.sp, PAGE);
    cpu.state.u8.set([EF.TF & 0xff, EF.TF >> 8, 0, 0, 0, 0, 0, 0], layout.frames);
    expect([n, ...run([...nops(n), POPF, ...nops(9)])]).toEqual([n, exit.fault, n + 2]);
  }
});
