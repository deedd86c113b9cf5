// The price of a region (runtime/policy.ts): code is compiled when it has run as often as that costs.
import { expect, test } from "vitest";
import { Cpu } from "../../../src/cpu/cpu.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { layout } from "../../../src/cpu/machine/layout.ts";
import { R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { descriptorTables } from "../../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { selector } from "../../../tools/oracle/world.ts";

const PAGE = 0x1000_0000;
/** A loop of many short blocks. Each instruction runs as often as the loop. */
const blocks = 40;
const block = (n: number): string => `${"inc rbx\n".repeat(9)}jmp l${n}\nl${n}: `;
const loop = assemble(`again: ${Array.from({ length: blocks }, (_, n) => block(n)).join("")}dec rdi\njnz again\nhlt`, {
  mode: 64,
  at: PAGE,
});

const run = (cpu: Cpu, rounds: number): void => {
  cpu.state.rip = PAGE;
  cpu.state.setGpr(R.bx, 0);
  cpu.state.setGpr(R.di, rounds);
  while (cpu.run(1_000_000) !== exit.fault);
  expect(Number(cpu.state.gpr(R.bx))).toBe(rounds * blocks * 9);
};

test("a loop is compiled after as many rounds as its price, not before", async () => {
  const cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), await freshCode());
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(selector.userCode64);
  cpu.setAddressSpace({ translate: (address) => (address >= PAGE && address < PAGE + 4096 ? layout.frames : -5) });
  cpu.state.u8.set(loop.bytes, layout.frames);
  cpu.engine = "auto";
  // The samples of so many instructions would make any block hot.
  cpu.jit.price = 5000;
  run(cpu, 4800);
  expect([cpu.jit.stats.regions, cpu.jit.stats.postponed > 0]).toEqual([0, true]);
  run(cpu, 1000);
  expect(cpu.jit.stats.regions).toBeGreaterThan(0);
  // After that, all runs compiled but for the remainders of parts.
  const before = cpu.interpreted;
  run(cpu, 20_000);
  expect(cpu.interpreted - before).toBeLessThan(400_000);
});
