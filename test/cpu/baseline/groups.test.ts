// Groups of the baseline tier: control inside a group looks at no record, so a group ends when one of its
// blocks changes, or becomes a region. Results and counts are those of the code as it is.
import { beforeEach, expect, test } from "vitest";
import { Cpu } from "../../../src/cpu/cpu.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { layout, record } from "../../../src/cpu/machine/layout.ts";
import { access, cacheWrite } from "../../../src/cpu/machine/mmu.ts";
import { R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { descriptorTables } from "../../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { selector } from "../../../tools/oracle/world.ts";

const PAGE = 0x1000_0000;
// The first instruction writes the immediate of the block `odd`.
const { bytes, labels } = assemble(
  "mov [rax], sil\nagain: inc rbx\ntest ebx, 1\njz even\nodd: add rcx, 1\njmp back\neven: add rdx, 1\nback: dec rdi\njnz again\nhlt",
  { mode: 64, at: PAGE },
);
const label = (name: string): number => labels.get(name)!;

let cpu: Cpu;
beforeEach(async () => {
  cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), await freshCode());
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(selector.userCode64);
  cpu.setAddressSpace({
    translate: (address, how) => {
      if (address < PAGE || address >= PAGE + 4096) return -5;
      return layout.frames + (how === access.write ? cacheWrite : 0);
    },
  });
  cpu.state.u8.set(bytes, layout.frames);
  cpu.engine = "baseline";
});

/** Enough for several readings of the counts, in parts that are longer than those of the interpreter. */
const many = 60_000;
/** Runs so many rounds, in parts, and checks registers and the number of instructions. */
const run = (rounds: number, step: number, from = PAGE): void => {
  cpu.state.rip = from;
  for (const r of [R.bx, R.cx, R.dx]) cpu.state.setGpr(r, 0);
  cpu.state.setGpr(R.ax, label("odd") + 3);
  cpu.state.setGpr(R.si, step);
  cpu.state.setGpr(R.di, rounds);
  const before = cpu.instructions;
  for (let part = 1; cpu.run(rounds === many ? 200_000 : part) !== exit.fault; part = (part * 7) % 1009);
  expect([R.bx, R.cx, R.dx].map((r) => Number(cpu.state.gpr(r)))).toEqual([rounds, (rounds / 2) * step, rounds / 2]);
  // An odd round has seven instructions, an even one six.
  expect(cpu.instructions - before).toBe((from === PAGE ? 1 : 0) + (rounds / 2) * 13);
  expect(cpu.state.rip).toBe(label("back") + 5);
};

test("a block whose code changes", () => {
  run(many, 1);
  expect(cpu.baseline.stats.functions).toBeGreaterThan(3);
  for (const step of [5, 3, 1]) run(4000, step);
});

/** True if a block has a function of the tier. */
const isCompiled = (name: string): boolean => {
  const handler = cpu.state.u32[(cpu.blocks.headOf(label(name)) + record.handler) >> 2]!;
  return cpu.blocks.originalHandler(handler) !== handler;
};

test("a block that becomes a region", () => {
  run(many, 1);
  expect(["odd", "even", "back"].map(isCompiled)).toEqual([true, true, true]);
  expect(cpu.jit.compile(label("back"))).toBe(true);
  const before = cpu.instructions - cpu.interpreted;
  run(4000, 1, label("again"));
  run(many, 1, label("again"));
  expect(cpu.instructions - cpu.interpreted - before).toBeGreaterThan(many);
});
